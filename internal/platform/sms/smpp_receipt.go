package sms

import (
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/linxGnu/gosmpp/pdu"
)

// The part of esm_class that says what a deliver_sm is, and its value for a
// receipt (SMPP 3.4 section 5.2.12).
const (
	kindOfDelivery = 0x3c
	isReceipt      = 0x04
)

// readDelivery reads a receipt out of a deliver_sm: from its parameters where
// there are any, from its text otherwise. ok is false for anything else.
func readDelivery(d *pdu.DeliverSM) (r Receipt, ok bool) {
	if d.EsmClass&kindOfDelivery != isReceipt {
		return Receipt{}, false
	}
	text, err := d.Message.GetMessageData()
	if err != nil {
		return Receipt{}, false
	}
	name, stat, failure := readText(string(text))
	if f, ok := d.OptionalParameters[pdu.TagReceiptedMessageID]; ok {
		name = strings.TrimRight(f.String(), "\x00")
	}
	if f, ok := d.OptionalParameters[pdu.TagMessageStateOption]; ok && len(f.Data) == 1 {
		stat = stateNames[f.Data[0]]
	}
	if f, ok := d.OptionalParameters[pdu.TagNetworkErrorCode]; ok && failure == "" {
		failure = hex.EncodeToString(f.Data)
	}
	r = Receipt{MessageRef: name, Code: plainCode(strings.TrimSpace(stat + " " + failure))}
	if !plainRef(name) || !smppState(&r, stat) {
		return Receipt{}, false
	}
	return r, true
}

// stateNames gives the word for each message_state (SMPP 3.4 section 5.2.28).
var stateNames = map[byte]string{
	1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}

// smppState reads the word for a state and says whether it is one.
func smppState(r *Receipt, stat string) bool {
	switch stat {
	case "ENROUTE", "ACCEPTD":
		r.State = HandedOver
	case "DELIVRD":
		r.State = Taken
	case "EXPIRED":
		r.State, r.Reason = Refused, ReasonUnreachable
	case "DELETED":
		r.State, r.Reason = Refused, ReasonOurs // somebody at the centre did that
	case "UNDELIV":
		r.State = Refused // why is in a code of the network's own
	case "REJECTD":
		r.State, r.Reason = Refused, ReasonFilter
	case "UNKNOWN":
		r.State = Silent
	default:
		return false
	}
	return true
}

var (
	receiptID    = regexp.MustCompile(`(?i)\bid:([!-~]{1,65})(?:\s|$)`)
	receiptStat  = regexp.MustCompile(`(?i)\bstat:([a-z]{1,10})\b`)
	receiptText  = regexp.MustCompile(`(?i)\btext:`)
	receiptError = regexp.MustCompile(`(?i)\berr:([0-9a-z]{1,10})\b`)
)

// readText reads the usual text of a receipt (SMPP 3.4 appendix B):
//
//	id:0123 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:…
//
// What follows "text:" is our own text with its code, and is never looked at.
// The dates have no time zone and are left alone as well.
func readText(s string) (name, stat, failure string) {
	if at := receiptText.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	first := func(re *regexp.Regexp) string {
		if m := re.FindStringSubmatch(s); m != nil {
			return m[1]
		}
		return ""
	}
	return first(receiptID), strings.ToUpper(first(receiptStat)), first(receiptError)
}
