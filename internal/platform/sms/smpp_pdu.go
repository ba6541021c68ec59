package sms

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// maxPDU bounds what one PDU may claim to be, in bytes.
const maxPDU = 8 << 10

// status prints a command status as the specification does.
func status(h pdu.Header) string { return fmt.Sprintf("0x%02X", uint32(h.CommandStatus)) }

// readPDU reads one PDU. A body that cannot be understood gives the header and
// errBody, and the next PDU begins where it should; after other errors nothing
// can be read any more.
func readPDU(r io.Reader) (pdu.PDU, pdu.Header, error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, pdu.Header{}, err
	}
	h := pdu.ParseHeader(head)
	if h.CommandLength < 16 || h.CommandLength > maxPDU {
		return nil, h, errors.New("a PDU of impossible length")
	}
	whole := make([]byte, h.CommandLength)
	copy(whole, head[:])
	if _, err := io.ReadFull(r, whole[16:]); err != nil {
		return nil, h, err
	}
	if !expected[h.CommandID] {
		return nil, h, errBody
	}
	p, err := pdu.Parse(bytes.NewReader(whole))
	if err != nil {
		return nil, h, errBody
	}
	return p, h, nil
}

// expected are the commands that a centre has for a transceiver (SMPP 3.4
// section 2.3). The others are not parsed: a query_sm with a parameter makes
// gosmpp v0.3.1 write to a nil map.
var expected = map[data.CommandIDType]bool{
	data.BIND_TRANSCEIVER_RESP: true, data.SUBMIT_SM_RESP: true, data.DELIVER_SM: true, data.GENERIC_NACK: true,
	data.ENQUIRE_LINK: true, data.ENQUIRE_LINK_RESP: true, data.UNBIND: true, data.UNBIND_RESP: true,
}

var errBody = errors.New("a PDU that cannot be understood")

// smppReasons reads the command statuses that are about the recipient (SMPP 3.4
// section 5.1.3). The others may be mended by the operator, or by time.
var smppReasons = map[data.CommandStatusType]Reason{
	data.ESME_RINVDSTADR: ReasonAddress,
	data.ESME_RINVDSTTON: ReasonAddress,
	data.ESME_RINVDSTNPI: ReasonAddress,
	data.ESME_RX_P_APPN:  ReasonPolicy,
	data.ESME_RX_R_APPN:  ReasonPolicy,
}
