// Package password judges, hashes and checks passwords.
//
// The contract, by requirement:
//   - PW1: one normal form (NFKC) at set and at check, at most 256 code points,
//     nothing cut, nothing trimmed, no composition rules (Normalize, Policy).
//   - PW2: listed, leaked and personal passwords are refused when chosen, each
//     with its reason (Policy, Breach). The check never runs at sign-in: a
//     password that was good enough once keeps opening the door.
//   - PW3: Argon2id with the parameters beside the hash, the result keyed with
//     a secret that is not in the database (Hasher).
//   - PW4: the work of one call is bounded before it starts, by the length of
//     the input and by the parameters of the stored string. How many calls run
//     at once is not decided here.
//
// Refusals are *fault.Error about the field "password"; MessageKeys names every
// key this package can put into one. No error and no log line made here holds a
// password, a hash or an address.
package password
