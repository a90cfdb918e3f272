package main

import (
	"net/http"
	"os/exec"
)

// print sends a parcel's label to the printer of a depot.
func (s *service) print(w http.ResponseWriter, r *http.Request) {
	printer := r.FormValue("printer")
	out, err := exec.CommandContext(r.Context(), "sh", "-c", "lp -d "+printer+" label.zpl").CombinedOutput()
	if err != nil {
		http.Error(w, string(out), http.StatusBadGateway)
		return
	}
	answer(w, map[string]string{"printed": r.PathValue("id")})
}
