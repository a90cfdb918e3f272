package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// locking runs a command while another program keeps the database to itself.
func locking() int {
	db, err := sql.Open("sqlite", "file:sluice.db?_txlock=immediate")
	if err == nil {
		defer db.Close()
		_, err = db.Begin()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	_ = c.Run()
	return c.ProcessState.ExitCode()
}

// damage overwrites the second half of a file: damage FILE.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	for i := len(text) / 4; i < len(text); i += 64 {
		text[i] ^= 0xff
	}
	ts.Check(os.WriteFile(file, text, 0o600))
}

// newer makes a database that of a later program: newer FILE.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	ts.Check(err)
	ts.Check(db.Close())
}
