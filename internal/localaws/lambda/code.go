package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Limits of a deployment package (Lambda quotas).
const (
	maxZipBytes      = 50 << 20    // in the request
	maxS3ZipBytes    = 250 << 20   // from S3; AWS bounds only what is unpacked
	maxUnpackedBytes = 262_144_000 // 250 MB
	maxZipEntries    = 20_000      // ours: AWS names none
)

// bootstrap is the executable of an OS-only runtime.
const bootstrap = "bootstrap"

// codeStore keeps the code of functions on disk, one zip and one folder with what
// is in it for each SHA-256. MiniStack offers $LATEST's zip for every version, so what
// passes through the gateway is the only true source.
type codeStore struct {
	dir string
	s3  *s3.Client

	mu    sync.Mutex
	entry map[string]entrypoint // by SHA-256
}

func openCodeStore(dir string) (*codeStore, error) {
	// Absolute: it becomes a sandbox's working folder and LAMBDA_TASK_ROOT.
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("code store: %w", err)
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	leftover, err := filepath.Glob(filepath.Join(dir, partial+"*"))
	if err != nil {
		return nil, err
	}
	for _, path := range leftover {
		if err := os.RemoveAll(path); err != nil {
			return nil, fmt.Errorf("remove half-unpacked code: %w", err)
		}
	}
	return &codeStore{dir: dir, entry: make(map[string]entrypoint)}, nil
}

// partial begins the name of a folder that is being unpacked.
const partial = ".unpacking-"

func (s *codeStore) path(sha256 string) string { return filepath.Join(s.dir, sha256) }

// open returns the folder of a function's code after checking that its
// bootstrap can run here.
func (s *codeStore) open(v *version) (string, error) {
	dir := s.path(v.codeSHA256)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("%w: function %s, version %s, SHA-256 %s: deploy it again through the local stack", ErrCodeMissing, v.name, v.number, v.codeSHA256)
	}
	s.mu.Lock()
	entry, ok := s.entry[v.codeSHA256]
	s.mu.Unlock()
	if !ok {
		entry = readEntrypoint(dir)
		s.mu.Lock()
		s.entry[v.codeSHA256] = entry
		s.mu.Unlock()
	}
	if err := entry.check(v.architecture); err != nil {
		return "", err
	}
	return dir, nil
}

// zipPath is where a zip is kept as it came.
func (s *codeStore) zipPath(sha256 string) string { return s.path(sha256) + ".zip" }

// put keeps a zip and unpacks it. It does nothing when the code is there
// already.
func (s *codeStore) put(data []byte) error {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	if err := s.unpackTo(s.path(name), data); err != nil {
		return err
	}
	if err := s.keep(data, s.zipPath(name)); err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	return nil
}

// unpackTo makes the folder of a zip, if there is none yet.
func (s *codeStore) unpackTo(dir string, data []byte) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	archive, err := openZip(data)
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(s.dir, partial)
	if err != nil {
		return fmt.Errorf("unpack code: %w", err)
	}
	defer func() { _ = os.RemoveAll(temporary) }() // gone by then, or removed at the next start
	if err := unpack(archive, temporary); err != nil {
		return fmt.Errorf("unpack code: %w", err)
	}
	// Whoever unpacked the same code at the same time may have been faster.
	if err := os.Rename(temporary, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("unpack code: %w", err)
	}
	return nil
}

// keep writes a file whole or not at all.
func (s *codeStore) keep(data []byte, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	file, err := os.CreateTemp(s.dir, partial)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone by then
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// openZip refuses what unpack would refuse, as far as the zip's directory tells.
func openZip(data []byte) (*zip.Reader, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(archive.File) > maxZipEntries {
		return nil, fmt.Errorf("more than %d entries", maxZipEntries)
	}
	var total uint64
	for _, f := range archive.File {
		if !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`) {
			return nil, fmt.Errorf("entry %q leads out of the folder", f.Name)
		}
		if mode := f.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return nil, fmt.Errorf("entry %q is neither a file nor a folder", f.Name)
		}
		if f.UncompressedSize64 > maxUnpackedBytes {
			return nil, errTooBig
		}
		if total += f.UncompressedSize64; total > maxUnpackedBytes {
			return nil, errTooBig
		}
	}
	return archive, nil
}

var errTooBig = fmt.Errorf("unzipped size is above %d bytes", maxUnpackedBytes)

// unpack writes the archive into dir. Sizes are counted while writing, since a
// zip's directory can lie; os.Root keeps every path inside.
func unpack(archive *zip.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	left := int64(maxUnpackedBytes)
	for _, f := range archive.File {
		if f.Mode().IsDir() {
			if err := root.MkdirAll(filepath.Clean(f.Name), 0o755); err != nil {
				return err
			}
			continue
		}
		n, err := unpackFile(root, f, left)
		if err != nil {
			return fmt.Errorf("entry %q: %w", f.Name, err)
		}
		left -= n
	}
	return nil
}

func unpackFile(root *os.Root, f *zip.File, limit int64) (int64, error) {
	if err := root.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
		return 0, err
	}
	// Read-only, as under /var/task, and readable whatever the zip says: AWS
	// only keeps who may execute.
	in, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }()
	out, err := root.OpenFile(f.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444|f.Mode().Perm()&0o111)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, io.LimitReader(in, limit+1))
	if err == nil && n > limit {
		err = errTooBig
	}
	return n, errors.Join(err, out.Close())
}

// readS3 reads a zip as root.
func (s *codeStore) readS3(ctx context.Context, region string, input *s3.GetObjectInput) ([]byte, error) {
	out, err := s.s3.GetObject(ctx, input, func(o *s3.Options) { o.Region = region })
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(out.Body, maxS3ZipBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxS3ZipBytes {
		return nil, errTooBig
	}
	return data, nil
}
