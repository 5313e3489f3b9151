package ministack

import "syscall"

// attributes put MiniStack into a process group of its own and let it die with
// this process, however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
