package modules_test

import (
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/portcullis-chat/portcullis/test/modules/rules"
)

// TestEveryModuleKeepsTheRules reads the modules, and the roots that call them,
// without Terraform.
func TestEveryModuleKeepsTheRules(t *testing.T) {
	t.Parallel()
	check := func(dir string, least int, problemsOf func(dir string) ([]rules.Problem, error)) {
		folders, err := rules.Folders(os.DirFS(root), dir)
		if err != nil || len(folders) < least {
			t.Fatalf("%s: %v, %v", dir, folders, err)
		}
		for _, folder := range folders {
			found, err := problemsOf(folder)
			if err != nil {
				t.Errorf("%s: %v", folder, err)
			}
			for _, problem := range found {
				t.Errorf("%s/%s", folder, problem)
			}
		}
	}
	check("modules", 6, func(dir string) ([]rules.Problem, error) {
		return rules.Module(os.DirFS(filepath.Join(root, dir)), path.Base(dir))
	})
	check("examples", 1, func(dir string) ([]rules.Problem, error) {
		return rules.Root(os.DirFS(filepath.Join(root, dir)))
	})
}
