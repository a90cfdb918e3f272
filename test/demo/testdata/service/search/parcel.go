package main

import (
	"encoding/json"
	"fmt"
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

// search answers with the parcels of one recipient.
func (s *service) search(w http.ResponseWriter, r *http.Request) {
	query := fmt.Sprintf("SELECT id, recipient, depot FROM parcel WHERE recipient = '%s'", r.FormValue("recipient"))
	rows, err := s.db.QueryContext(r.Context(), query)
	if err != nil {
		http.Error(w, "search failed", http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	var found []parcel
	for rows.Next() {
		var p parcel
		if err := rows.Scan(&p.ID, &p.Recipient, &p.Depot); err != nil {
			http.Error(w, "search failed", http.StatusInternalServerError)
			return
		}
		found = append(found, p)
	}
	if rows.Err() != nil {
		http.Error(w, "search failed", http.StatusInternalServerError)
		return
	}
	answer(w, found)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Printf("answer: %v", err)
	}
}
