package front

import (
	"net/url"
	"time"

	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/platform/fault"
)

// Names of the pages, as Renderer.Render takes them. Each is a file of page/
// and takes the struct named beside it.
const (
	PageSignIn             = "signin"               // SignIn
	PageSignInCode         = "signin_code"          // SignInCode
	PageSignInFactor       = "signin_factor"        // SignInFactor
	PageRegister           = "register"             // Register
	PageRegisterWait       = "register_wait"        // Waiting
	PageRegisterReady      = "register_ready"       // Ready
	PageLink               = "link"                 // Link
	PageLinkDone           = "link_done"            // LinkDone
	PageRecover            = "recover"              // Recover
	PageRecoverCode        = "recover_code"         // Waiting
	PageRecoverPassword    = "recover_password"     // RecoverPassword
	PageRecoverDone        = "recover_done"         // RecoverDone
	PageAccount            = "account"              // Account
	PageAccountPassword    = "account_password"     // AccountPassword
	PageAccountAddress     = "account_address"      // AccountAddress
	PageAccountAddressCode = "account_address_code" // Waiting
	PageFrozen             = "frozen"               // Frozen
	PageHelp               = "help"                 // Help
	PageStatus             = "status"               // Status
	PageSupport            = "support"              // Support
	PageError              = "error"                // ErrorPage
)

// Names of the pages that only dev builds serve; their files are in page/dev.
const (
	PageDevHome    = "dev_home"    // DevHome
	PageDevMailbox = "dev_mailbox" // DevMailbox
	PageDevGallery = "dev_gallery" // DevGallery
)

// Frame is what every page knows; each page's struct embeds it.
type Frame struct {
	browser []byte // who the page is shown to, whose first page it may be

	Lang        string // "ja" or "en": the language of this page
	OtherLang   string // the language that the switch offers
	Path        string // own path of a GET that shows this page; the switch adds ?lang=
	ServiceName string // in the page's language
	Host        string // host name people should see in the address bar
	SupportURL  string // the way to a human; empty means /support
	FormToken   string // value of the hidden field "form"
	SignedIn    *Who   // nil before sign-in
	Banner      string // operator's words about the state of the house, already in Lang
	Notice      string // good news: words are catalogue key "notice.<Notice>"
	Problem     *Problem
	Reference   string // code for support; shown in the problem box, or in the foot without one
	Check       *Check // the check that the page's form may need; nil: none
}

// Check is the human check that may be asked for before a form is judged. With script
// the page asks the API whether, and opens the puzzle over the form; without,
// the picture is the form's button. The way by mail has the same words for all.
type Check struct {
	Action string // of package puzzle
	Still  string // sealed challenge of the picture without script; empty: none is expected to be asked
	Plain  bool   // the picture stands in the page itself: the last press came without script and without a pass
	Pass   string // one that was not spent, because something else was wrong with the form
	Mail   bool   // a mailed code can be had instead: the form sent with instead=mail
}

// Picture is the address of the picture without script.
func (c Check) Picture() string { return "/puzzle/" + c.Still + ".jpg" }

// Who is the person signed in, as the head of the page shows them.
type Who struct {
	Email string // full address: shown to its owner only
}

// Bad tells whether the problem concerns the field called name.
func (f Frame) Bad(name string) bool {
	return f.Problem != nil && f.Problem.Field == name
}

// Support is the way to a human: the operator's page, or ours.
func (f Frame) Support() string {
	if f.SupportURL != "" {
		return f.SupportURL
	}
	return "/support"
}

// Problem is a refusal in the words of the catalogue: cause.<Code>.title says in
// one sentence what happened, .detail why or what it means, .next what to do.
// A code without words is shown as cause.unknown.
type Problem struct {
	Code      string
	Field     string         // form field it concerns; empty for the whole page
	Args      map[string]any // for the sentences; never a secret
	Next      []Action       // best first; the first is drawn as the way on
	Reference string         // for support; drawn with a copy button
	// RetryAfter is the wait in seconds before another try; 0 hides it.
	RetryAfter int
}

// Action is one thing to do next: a link whose words are "action.<Name>".
type Action struct {
	Name string
	Href string
}

// hrefs are the ways on that a refusal can offer by name (fault.Error.Next).
func hrefs(name string) (string, bool) {
	switch name {
	case "signin", "register", "recover", "account", "help", "status", "support":
		return "/" + name, true
	case "signin_anew":
		return "/signin?again=1", true
	case "other":
		return "/signin?other=1", true
	case "mail_help":
		return "/help#mail", true
	case "cookie_help":
		return "/help#cookies", true
	case "home":
		return "/", true
	case "retry": // the same page again, as a fresh GET
		return "", true
	}
	return "", false
}

// NewProblem turns a refusal into what a page shows. Names in e.Next that have
// no page are left out; "retry" leads to path.
func NewProblem(e *fault.Error, path string) *Problem {
	p := &Problem{Code: e.Code, Field: e.Field, Args: e.Args, Reference: e.Reference}
	if e.Field == "number" {
		// Flows refuse codes and numbers alike; people see which of the two is meant.
		switch e.Code {
		case "code.missing":
			p.Code = "number.missing"
		case "code.wrong":
			p.Code = "number.wrong"
		}
	}
	p.RetryAfter = int((e.RetryAfter + time.Second - 1) / time.Second)
	for _, name := range e.Next {
		href, ok := hrefs(name)
		if !ok {
			continue
		}
		if name == "retry" {
			href = path
		}
		if name == "signin_anew" {
			href += "&return_to=" + url.QueryEscape(path)
		}
		p.Next = append(p.Next, Action{Name: name, Href: href})
	}
	return p
}

// SignIn is the page of GET and POST /signin.
// Fields: form, email, password, return_to, remembered ("1" in place of email).
type SignIn struct {
	Frame
	Email      string      // kept from the last post, as typed; never from the password field
	Remembered string      // masked address of a known browser ("t•••@ex•••.jp"); empty asks for email
	ReturnTo   string      // already checked
	ByMail     bool        // a code by mail is offered: POST /signin/code with the form's hidden field
	Siege      guard.Siege // what strangers do to the remembered address; zero: nothing
	Failures   int         // failures seen by this browser; from 2 on recovery is offered first
	Hints      []string    // what the typed text alone tells: full_width, space_at_end, looks_like_address
}

// SignInCode is the page of GET /signin/{id}: a mailed code, and with it the
// password unless that was right already. It posts to /signin/{id}/confirm (form,
// code, password) and /signin/{id}/resend (form, human).
type SignInCode struct {
	Waiting
	ReturnTo string // own or allowed path to go on to
	Password bool   // the password is asked with the code
	Known    bool   // the code was right: only the password is asked
	Why      string // finding of a right password that is not enough: pw.breach-reset, pw.other-service; or ""
}

// Register is the page of GET and POST /register.
// Fields: form, email, password, locale, suggestion ("use" or "keep").
type Register struct {
	Frame
	Email      string
	Suggestion string   // corrected address the server thinks was meant; empty: none
	MinLength  int      // characters
	Domains    []string // account.CommonDomains(), for the same question by script
	Real       []string // account.RealDomains()
}

// Waiting is a page that waits for a mailed code: GET /register/{id},
// /recover/{id}, /account/address/{id}.
// Fields: form, code; on the registration page email (correct the address).
type Waiting struct {
	Frame
	ID        string
	Email     string // the address as typed in this browser
	Sender    string // our sender address, to allow in carrier filters
	Sent      int    // how many mails were sent for this act so far (1 = first)
	SentAt    time.Time
	ExpiresAt time.Time // when the newest code ends
	ResendAt  time.Time // from when on a resend is possible
	Now       time.Time
	Number    string // pairing number for a link opened elsewhere; empty hides it
	Digits    int    // length of the code
	Readdress bool   // the last press corrected the address: its form has the picture
}

// CanResend tells whether a resend is possible now.
func (w Waiting) CanResend() bool { return !w.Now.Before(w.ResendAt) }

// Ready is the waiting page after its address was confirmed elsewhere. It posts
// to /register/{id}/finish.
type Ready struct {
	Frame
	ID string
}

// LinkVariant says what a mailed link asks for.
type LinkVariant string

// The variants of GET /link. Each posts to /link with the fields form, token
// and those named here.
const (
	LinkRegisterOther  LinkVariant = "register_other"  // number; or password when the first screen is closed
	LinkRegisterSame   LinkVariant = "register_same"   // nothing more: one button
	LinkRecover        LinkVariant = "recover"         // password (the new one)
	LinkAddressConfirm LinkVariant = "address_confirm" // number
	LinkAddressUndo    LinkVariant = "address_undo"    // number (four digits from the mail)
	LinkFreeze         LinkVariant = "freeze"          // confirm=freeze
	LinkThawVeto       LinkVariant = "thaw_veto"       // confirm=veto
	LinkDead           LinkVariant = "dead"            // posts to /link/renew: token; code form to CodeAction
)

// SignInFactor asks for a second factor: POST /signin/{id}/factor.
// Fields: form, method, code.
type SignInFactor struct {
	Frame
	ID       string
	ReturnTo string // own or allowed path to go on to
	Issuer   string // what the entry of the app is called
	Email    string // as it was typed
	Recovery bool   // a recovery code can be used
	Now      time.Time
	Method   string // the one that the problem is about
}

// Link is the page that a mailed link opens. It shows no address: whoever opened
// the link may be a mail scanner or somebody else (cause link.scanner-opened).
type Link struct {
	Frame
	Variant    LinkVariant
	Token      string
	MinLength  int       // LinkRecover: characters
	At         time.Time // when the act was asked for; zero hides it
	Until      time.Time // LinkAddressUndo, LinkThawVeto: how long this works
	Browser    string    // who asked, for example "Safari, iPhone"; empty hides it
	Place      string
	CanRenew   bool   // LinkDead: a fresh one can be sent to the same address
	CodeAction string // LinkDead: where a code from the mail can be posted; empty hides it
}

// LinkDone says that what the link asked for was done, and what comes next.
type LinkDone struct {
	Frame
	Variant LinkVariant // LinkDead: a fresh mail is on its way
	Until   time.Time   // zero hides it
}

// Recover is the page of GET and POST /recover. Fields: form, email.
type Recover struct {
	Frame
	Email string
}

// RecoverPassword asks for the new password: POST /recover/{id}/password.
// Fields: form, password; email is there only for password managers.
type RecoverPassword struct {
	Frame
	ID        string
	Email     string
	MinLength int
}

// RecoverDone says what a reset changed.
type RecoverDone struct {
	Frame
	HoldUntil time.Time // when applications lift the hold; zero: none
}

// Account is the page of GET /account.
type Account struct {
	Frame
	Email             string
	Since             time.Time // when the account was made
	PasswordChangedAt time.Time // zero hides it
	HoldUntil         time.Time // zero: no hold runs
	Sessions          []Session // this one first
}

// Others tells how many other sessions there are.
func (a Account) Others() int {
	n := 0
	for _, s := range a.Sessions {
		if !s.Current {
			n++
		}
	}
	return n
}

// Session is one line of the list of signed-in browsers.
type Session struct {
	ID       string // for POST /account/sessions/{id}/end; not the session token
	Browser  string // "Safari, iPhone"; empty: unknown browser
	Place    string // "Japan, Example Mobile"; empty when no data file is there
	SignedIn time.Time
	LastUsed time.Time
	Current  bool
}

// AccountPassword is the page of GET and POST /account/password.
// Fields: form, old_password, password.
type AccountPassword struct {
	Frame
	Email     string
	MinLength int
}

// AccountAddress is the page of GET and POST /account/address.
// Fields: form, email (the new one), password.
type AccountAddress struct {
	Frame
	Email    string // the present address
	NewEmail string // kept from the last post
}

// Frozen is shown after the right password of a frozen account. It posts to
// Action: start=thaw asks for a mailed code, then code proves the mailbox.
type Frozen struct {
	Frame
	Since   time.Time
	ByOwner bool      // frozen by the owner's own press; else by staff
	Action  string    // empty: thawing is not possible here, support only
	Sent    bool      // the code is on its way: ask for it
	ThawAt  time.Time // a thaw was asked for and takes effect then; zero: none
}

// Help is the first help centre page.
type Help struct {
	Frame
	Sender string // our sender address
}

// State of the house or of a part of it.
type State string

// The states that the status page knows.
const (
	Operational State = "operational"
	Degraded    State = "degraded"
	Down        State = "down"
)

// Status is the page of GET /status.
type Status struct {
	Frame
	State   State
	Checked time.Time
	Parts   []StatusPart
}

// StatusPart is one line of the status page; its words are "status.part.<Name>":
// signin, register, mail.
type StatusPart struct {
	Name  string
	State State
}

// Support tells how to reach a human.
type Support struct {
	Frame
	URL  string // operator's support page; empty hides it
	Mail string // operator's support address; empty hides it
}

// ErrorPage is any refusal that has no page of its own. Its words come from
// Problem; 404, 403, 405, 413, 429, 500 and 503 have causes request.* and srv.*.
type ErrorPage struct {
	Frame
	Status int // HTTP status code
}

// DevHome is the first page of a dev build.
type DevHome struct {
	Frame
	People []DevPerson
}

// DevPerson is a sample account that a dev build made.
type DevPerson struct {
	Email, Password, Note string
}

// DevMailbox lists the mail that a dev build caught, newest first.
type DevMailbox struct {
	Frame
	To       string // filter; empty: all
	Messages []DevMessage
}

// DevMessage is one caught message.
type DevMessage struct {
	ID, Channel, To, From, Subject, Text, HTML, Code, Link string
	CreatedAt                                              time.Time
}

// DevGallery is the index of every page, state and language.
type DevGallery struct {
	Frame
	Rows []GalleryRow
}

// GalleryRow is one page with its states.
type GalleryRow struct {
	Page   string
	States []string
}
