//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/localaws/ministack"
	"github.com/portcullis-chat/portcullis/internal/localaws/port"
	"github.com/portcullis-chat/portcullis/test/probe"
)

// emulated measures the Invoke API and the runner of MiniStack itself. The
// stack's MiniStack runs no functions, so this is one as it comes.
func (b *bench) emulated(ctx context.Context) (path, error) {
	cache, err := localaws.CacheDir()
	if err != nil {
		return path{}, err
	}
	python, err := ministack.Install(ctx, cache, func(string) {})
	if err != nil {
		return path{}, err
	}
	number, err := port.Free()
	if err != nil {
		return path{}, err
	}
	dir := filepath.Join(b.work, "ministack")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return path{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	server := exec.CommandContext(ctx, python, "-c", "from ministack import app; app.main()")
	server.Dir = dir
	server.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "STATE_DIR=" + dir, "S3_DATA_DIR=" + dir,
		"AUTH=true", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "MINISTACK_REGION=" + region,
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1", "GATEWAY_PORT=" + strconv.Itoa(number), "IOT_MTLS_ENABLED=0",
	}
	if err := server.Start(); err != nil {
		cancel()
		return path{}, err
	}
	defer func() {
		cancel()
		_ = server.Wait() // killed
	}()
	url := "http://127.0.0.1:" + strconv.Itoa(number)
	if err := healthy(ctx, url); err != nil {
		return path{}, err
	}
	settings := aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	if err := probe.DeployFunction(ctx, settings, b.zip); err != nil {
		return path{}, err
	}
	return b.invocations(ctx, url, settings.Credentials)
}

// healthy waits until MiniStack answers.
func healthy(ctx context.Context, url string) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_ministack/health", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("it does not start: %w", err)
		}
	}
}
