package sqlite

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// process is what this host can tell of a pid.
type process struct {
	alive bool
	// space names the boot and the process namespace the pid was seen in. Pids
	// of two containers with one hostname cannot be compared.
	space string
	// started is the kernel's start time of the process. A pid that was given
	// to another process has another.
	started string
}

// lookAt looks a pid up, through /proc where there is one (proc(5)), else by
// asking whether it takes signals.
func lookAt(pid int) process {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, _ := os.Readlink("/proc/self/ns/pid")
	p := process{space: strings.TrimSpace(string(boot)) + namespace}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		p.alive = p.space == "" && takesSignals(pid)
		return p
	}
	p.alive, p.started = parseStat(string(stat))
	return p
}

// parseStat reads /proc/PID/stat. The second field is the program's name in
// parentheses, which may hold spaces and parentheses itself; the state is the
// next, the start time the 22nd. What it cannot read it calls alive: that is
// the safe side.
func parseStat(stat string) (alive bool, started string) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return true, ""
	}
	return fields[0] != "Z" && fields[0] != "X", fields[19] // a zombie works no more
}

func takesSignals(pid int) bool {
	proc, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = proc.Release() }()
	if runtime.GOOS == "windows" {
		return true // FindProcess opened it
	}
	err = proc.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
