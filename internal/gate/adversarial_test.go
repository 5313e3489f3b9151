package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// nested is a plan with a queue in each of n modules, one inside the other or
// one beside the other, whose key comes down from the root.
func nested(n int, deep bool) string {
	const queue = `{"mode":"managed","type":"aws_sqs_queue","name":"q","expressions":{"kms_master_key_id":{"references":["var.key"]}}}`
	var changes []string
	add := func(module string) {
		changes = append(changes, fmt.Sprintf(`{"address":"%[1]s.aws_sqs_queue.q","module_address":"%[1]s","mode":"managed","type":"aws_sqs_queue","name":"q","change":{"actions":["create"],"after":{},"after_unknown":{"kms_master_key_id":true}}}`, module))
	}
	module := fmt.Sprintf(`{"resources":[%s]}`, queue)
	calls := ""
	if deep {
		address := "module.m"
		for range n {
			add(address)
			address += ".module.m"
		}
		for range n - 1 {
			module = fmt.Sprintf(`{"resources":[%s],"module_calls":{"m":{"expressions":{"key":{"references":["var.key"]}},"module":%s}}}`, queue, module)
		}
		calls = fmt.Sprintf(`"m":{"expressions":{"key":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]}},"module":%s}`, module)
	} else {
		var all []string
		for i := range n {
			add(fmt.Sprintf("module.m%d", i))
			all = append(all, fmt.Sprintf(`"m%d":{"expressions":{"key":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]}},"module":%s}`, i, module))
		}
		calls = strings.Join(all, ",")
	}
	return fmt.Sprintf(`{"format_version":"1.2","configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_kms_key","name":"k"}],"module_calls":{%s}}},"resource_changes":[%s]}`, calls, strings.Join(changes, ","))
}

func TestAThousandModulesDeepAndWideAreJudged(t *testing.T) {
	for name, deep := range map[string]bool{"wide": false, "deep": true} {
		t.Run(name, func(t *testing.T) {
			in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(nested(1000, deep))})
			if err != nil {
				t.Fatal(err)
			}
			r, err := load(t, encrypted).Evaluate(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Passed) != 1000 || len(r.Findings) != 0 || r.Judged != 1000 {
				t.Errorf("%d passed, %d findings, %d judged", len(r.Passed), len(r.Findings), r.Judged)
			}
		})
	}
}
