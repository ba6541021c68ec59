package letter

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind names a letter. The values are stored with messages: never change one.
type Kind string

// Letters that answer somebody at the door. They go to the typed address.
const (
	RegistrationCode   Kind = "registration_code"
	RegistrationTaken  Kind = "registration_taken" // the address has an account already (EN4)
	RecoveryCode       Kind = "recovery_code"
	RecoveryNoAccount  Kind = "recovery_no_account"  // no account uses the address (EN6)
	AddressChangeCode  Kind = "address_change_code"  // to the new address
	AddressChangeTaken Kind = "address_change_taken" // to the new address, which has an account
	DeviceCode         Kind = "device_code"          // right password, unknown browser
	ThawCode           Kind = "thaw_code"            // right password, frozen account
	DeviceNoAccount    Kind = "device_no_account"    // a code to sign in was asked for, and no account uses the address
	RenewCode          Kind = "renew_code"           // right password that attackers hold, unknown browser: a new one is due
)

// Notices to the owner.
const (
	PasswordChanged       Kind = "password_changed"
	PasswordReset         Kind = "password_reset"        // Until: end of the hold, may be zero
	AddressChangedOld     Kind = "address_changed_old"   // to the old address; Link and Number undo it until Until (RS9)
	AddressChangedNew     Kind = "address_changed_new"   // to the new address; Masked is the old one, may be empty
	AddressChangedAgain   Kind = "address_changed_again" // to an address of old whose undo is over; Masked is the new one
	AddressRestored       Kind = "address_restored"      // an undo: the address is back, the password fits no more; Until: end of the hold
	NewBrowser            Kind = "new_browser"
	SessionsEnded         Kind = "sessions_ended"
	FactorAdded           Kind = "factor_added"   // an app to sign in with was set up, or took the place of another
	FactorRemoved         Kind = "factor_removed" // Until: end of the hold
	FactorWrong           Kind = "factor_wrong"   // right password, five wrong codes in a day
	RecoveryCodesMade     Kind = "recovery_codes_made"
	RecoveryCodeUsed      Kind = "recovery_code_used"
	Frozen                Kind = "frozen"
	ThawRequested         Kind = "thaw_requested" // Link vetoes it until Until (FZ3)
	Thawed                Kind = "thawed"
	Siege                 Kind = "siege"                   // strangers guess; Until: the pause that began, may be zero
	RecoveryAttemptFolded Kind = "recovery_attempt_folded" // Ordinal requests since the last mail, in one
)

// Kinds gives all of them, in the order above.
func Kinds() []Kind {
	return []Kind{
		RegistrationCode, RegistrationTaken, RecoveryCode, RecoveryNoAccount,
		AddressChangeCode, AddressChangeTaken, DeviceCode, ThawCode, DeviceNoAccount, RenewCode,
		PasswordChanged, PasswordReset, AddressChangedOld, AddressChangedNew, AddressChangedAgain, AddressRestored, NewBrowser,
		SessionsEnded, FactorAdded, FactorRemoved, FactorWrong, RecoveryCodesMade, RecoveryCodeUsed, Frozen, ThawRequested, Thawed, Siege, RecoveryAttemptFolded,
	}
}

// needs gives the fields of Data without which a kind makes no sense.
func (k Kind) needs() ([]string, bool) {
	switch k {
	case RegistrationCode, RecoveryCode, AddressChangeCode, DeviceCode:
		return []string{"Code", "Link", "Expires"}, true
	case ThawCode, RenewCode:
		return []string{"Code", "Expires"}, true
	case RegistrationTaken, AddressChangeTaken:
		return []string{"SignInLink", "RecoverLink"}, true
	case DeviceNoAccount:
		return []string{"SignInLink", "RegisterLink"}, true
	case RecoveryNoAccount:
		return []string{"RecoverLink", "RegisterLink"}, true
	case AddressChangedOld:
		return []string{"Link", "Number", "Until", "Masked", "FreezeLink"}, true
	case ThawRequested:
		return []string{"Link", "Until"}, true
	case Frozen:
		return []string{"SignInLink"}, true
	case Siege:
		return []string{"FreezeLink", "RecoverLink", "SignInLink"}, true
	case RecoveryAttemptFolded:
		return []string{"Ordinal", "FreezeLink"}, true
	case AddressRestored, FactorWrong:
		return []string{"FreezeLink", "RecoverLink"}, true
	case PasswordChanged, PasswordReset, AddressChangedNew, AddressChangedAgain, NewBrowser, SessionsEnded, Thawed,
		FactorAdded, FactorRemoved, RecoveryCodesMade, RecoveryCodeUsed:
		return []string{"FreezeLink"}, true
	}
	return nil, false
}

// check wants what the kind needs, and links to the configured origin only, so
// that no caller can be led to mail another (RS4, ASVS 5.0 4.1.3).
func (d *Data) check(k Kind) error {
	needs, ok := k.needs()
	if !ok {
		return fmt.Errorf("%w: unknown kind %q", ErrIncomplete, k)
	}
	have := map[string]bool{
		"Service": d.Service != "", "Origin": d.Origin != "", "At": !d.At.IsZero(),
		"Code": digits(d.Code), "Number": digits(d.Number), "Masked": d.Masked != "",
		"Expires": !d.Expires.IsZero(), "Until": !d.Until.IsZero(), "Ordinal": d.Ordinal > 0,
		"Link": d.Link != "", "FreezeLink": d.FreezeLink != "", "SignInLink": d.SignInLink != "",
		"RecoverLink": d.RecoverLink != "", "RegisterLink": d.RegisterLink != "",
	}
	for _, name := range append([]string{"Service", "Origin", "At"}, needs...) {
		if !have[name] {
			return fmt.Errorf("%w: %s needs %s", ErrIncomplete, k, name)
		}
	}
	for _, link := range []string{d.Link, d.FreezeLink, d.SignInLink, d.RecoverLink, d.RegisterLink} {
		if link != "" && (!strings.HasPrefix(link, d.Origin+"/") || !web(link)) {
			return fmt.Errorf("%w: a link leads elsewhere", ErrIncomplete)
		}
	}
	if !web(d.Origin) || d.SupportURL != "" && !web(d.SupportURL) {
		return fmt.Errorf("%w: origin or support address", ErrIncomplete)
	}
	return nil
}

// web says whether s is an address for a browser, of printable ASCII, so that
// it stands alone on its line and survives every mail program.
func web(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`<>"|\`, s[i]) >= 0 {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// tidy makes every value one short line. Browser and Place come from our own
// lists, but an address in them would become a link in many mail programs, so
// what looks like one is left out.
func (d Data) tidy() Data {
	d.Service, d.Masked, d.Reference = line(d.Service, 60), line(d.Masked, 80), line(d.Reference, 40)
	d.Browser, d.Place = line(d.Browser, 60), line(d.Place, 60)
	for _, s := range []*string{&d.Browser, &d.Place} {
		if strings.ContainsAny(*s, "/@<>") || strings.Contains(strings.ToLower(*s), "www.") {
			*s = ""
		}
	}
	return d
}

// line takes line ends and control characters out and cuts at n characters.
func line(s string, n int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == '|' || unicode.IsControl(r) || unicode.IsSpace(r) || r == utf8.RuneError ||
			unicode.Is(unicode.Cf, r) // direction marks and the like
	}), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// zone gives the zone of the times in the letter. Japan's is fixed: it has no
// summer time, and a small image may have no zone files.
func (d *Data) zone() *time.Location {
	if d.Zone != nil {
		return d.Zone
	}
	return time.FixedZone("JST", 9*60*60)
}

// clock writes a time of day for a subject.
func clock(_ string, zone *time.Location, t time.Time) string { return t.In(zone).Format("15:04") }

// when writes day, time and zone.
func when(lang string, zone *time.Location, t time.Time) string {
	t = t.In(zone)
	if lang != Japanese {
		return t.Format("2 January 2006, 15:04 (MST)")
	}
	name, _ := t.Zone()
	if name == "JST" {
		name = "日本時間"
	}
	return t.Format("2006年1月2日 15:04") + "（" + name + "）"
}
