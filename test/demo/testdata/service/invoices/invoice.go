package main

import (
	"net/http"
	"net/url"
)

// archive is where invoices go at the end of the month.
const archive = "https://archive.example.com/invoices/"

// archiveKey lets us write there.
const archiveKey = "@FAKE_TOKEN@"

// archiveInvoice hands a parcel's invoice to the archive.
func (s *service) archiveInvoice(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPut, archive+url.PathEscape(r.PathValue("id")), r.Body)
	if err != nil {
		http.Error(w, "bad invoice", http.StatusBadRequest)
		return
	}
	request.Header.Set("Authorization", "Bearer "+archiveKey)
	response, err := s.carrier.Do(request)
	if err != nil {
		http.Error(w, "the archive does not answer", http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
}
