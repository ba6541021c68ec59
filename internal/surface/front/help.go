package front

import (
	"net/http"
)

func (f *Front) getHelp(w http.ResponseWriter, r *http.Request) error {
	page := Help{Frame: f.frame(w, r, "/help"), Sender: f.Sender}
	return f.show(w, http.StatusOK, page.Lang, PageHelp, page)
}

func (f *Front) getSupport(w http.ResponseWriter, r *http.Request) error {
	page := Support{Frame: f.frame(w, r, "/support"), URL: f.Support.URL, Mail: f.Support.Mail}
	return f.show(w, http.StatusOK, page.Lang, PageSupport, page)
}

// getStatus answers GET /status: the worst part is the house's state.
func (f *Front) getStatus(w http.ResponseWriter, r *http.Request) error {
	page := Status{Frame: f.frame(w, r, "/status"), State: Operational, Checked: f.Kit.Now(), Parts: f.Parts()}
	for _, p := range page.Parts {
		if p.State != Operational && page.State != Down {
			page.State = p.State
		}
	}
	return f.show(w, http.StatusOK, page.Lang, PageStatus, page)
}
