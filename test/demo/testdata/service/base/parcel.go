package main

import (
	"encoding/json"
	"log"
	"net/http"
)

// parcel is one parcel on its way.
type parcel struct {
	ID        string `json:"id"`
	Recipient string `json:"recipient"`
	Depot     string `json:"depot"`
}

// show answers with one parcel.
func (s *service) show(w http.ResponseWriter, r *http.Request) {
	var p parcel
	row := s.db.QueryRowContext(r.Context(), "SELECT id, recipient, depot FROM parcel WHERE id = $1", r.PathValue("id"))
	if err := row.Scan(&p.ID, &p.Recipient, &p.Depot); err != nil {
		http.Error(w, "no such parcel", http.StatusNotFound)
		return
	}
	answer(w, p)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Printf("answer: %v", err)
	}
}
