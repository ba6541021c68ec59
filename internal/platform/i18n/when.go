package i18n

import "time"

// DateTime writes a day and time to the minute: "2026年11月22日 14:05" and
// "22 Nov 2026, 14:05 JST". Japanese readers take Japan's time for granted, so
// only another zone is named to them.
func (c *Catalog) DateTime(lang string, t time.Time) string {
	if lang == Japanese {
		return c.in(t, "2006年1月2日 15:04") + c.zoneNote(t)
	}
	return c.in(t, "2 Jan 2006, 15:04 MST")
}

// Date writes a day.
func (c *Catalog) Date(lang string, t time.Time) string {
	if lang == Japanese {
		return c.in(t, "2006年1月2日")
	}
	return c.in(t, "2 Jan 2006")
}

// Clock writes a time of day to the minute, for things of this hour.
func (c *Catalog) Clock(lang string, t time.Time) string {
	if lang == Japanese {
		return c.in(t, "15:04") + c.zoneNote(t)
	}
	return c.in(t, "15:04 MST")
}

func (c *Catalog) in(t time.Time, layout string) string { return t.In(c.zone).Format(layout) }

func (c *Catalog) zoneNote(t time.Time) string {
	name, _ := t.In(c.zone).Zone()
	if name == "JST" {
		return ""
	}
	return "（" + name + "）"
}

// Duration writes a wait in its largest whole unit, rounded up so that nobody
// comes back too early.
func (c *Catalog) Duration(lang string, d time.Duration) string {
	key, unit := "time.hours", time.Hour
	switch {
	case d <= 90*time.Second:
		key, unit = "time.seconds", time.Second
	case d <= 90*time.Minute:
		key, unit = "time.minutes", time.Minute
	}
	n := int((d + unit - 1) / unit)
	return c.T(lang, key, map[string]any{"Count": max(n, 1)})
}
