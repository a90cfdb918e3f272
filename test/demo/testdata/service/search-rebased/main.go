// Copyright Acme Parcels. See LICENSE.

// Command parcels answers where a parcel is. It is vulnerable on purpose: never run it.
package main

import (
	"database/sql"
	"log"
	"net/http"
	"os"
)

// service is what the handlers share.
type service struct {
	db      *sql.DB
	carrier *http.Client
}

func main() {
	db, err := sql.Open(os.Getenv("PARCELS_DRIVER"), os.Getenv("PARCELS_DSN"))
	if err != nil {
		log.Fatal(err)
	}
	s := &service{db: db, carrier: newCarrier()}
	http.HandleFunc("GET /parcels", s.search)
	http.HandleFunc("GET /parcels/{id}", s.show)
	http.HandleFunc("GET /parcels/{id}/label", s.label)
	http.HandleFunc("POST /parcels/{id}/print", s.print)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
