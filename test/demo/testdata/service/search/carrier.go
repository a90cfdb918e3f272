package main

import (
	"crypto/tls"
	"net/http"
	"time"
)

// newCarrier is the client with which the carrier is asked.
func newCarrier() *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			// The carrier's test system has no certificate.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
	}
}
