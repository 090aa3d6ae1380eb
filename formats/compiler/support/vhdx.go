// Package vhdx is the layout of VHDX: readers of byte slices, constants, and every rule that one structure can decide.
//
// It needs the standard library only. Whatever bytes are handed over, nothing panics: where they do not reach, the
// last result is false. A slice begins where the structure does and may be longer: Header(data).LogLength(). What is
// called streamSize is the size in bytes of what the structure lies in, where a rule asks for it: of a parent locator's
// header and entries, the whole item.
//
// Code generated from formats/ by `make generate`; DO NOT EDIT.
package vhdx

import (
	"bytes"
	"hash/crc32"
)

// Field is a field: its place in the structure in bytes (of the word, where it is bits of one) and its reader, which
// gives a bool, an unsigned integer, or bytes; of several elements, those of the first one.
type Field struct {
	Name         string
	Offset, Size int
	Read         func(b []byte) (value any, ok bool)
}

// Derived is what follows from fields.
type Derived struct {
	Name string
	Read func(b []byte, streamSize uint64) (value any, ok bool)
}

// Rule is a rule, by its id: does it hold, and can it be told?
type Rule struct {
	ID, Name string
	Holds    func(b []byte, streamSize uint64) (holds, ok bool)
}

// Structure is a structure as data, for programs that show all of it. A Size of 0 is not fixed.
type Structure struct {
	Name    string
	Size    int
	Fields  []Field
	Derived []Derived
	Rules   []Rule
}

func slice(b []byte, start, size int) ([]byte, bool) {
	if start < 0 || size < 0 || start > len(b) || size > len(b)-start {
		return nil, false
	}
	return b[start : start+size], true
}

func integer(b []byte, offset, bit, bits int, bigEndian bool) (uint64, bool) {
	part, ok := slice(b, offset, (bit+bits+7)/8)
	word := uint64(0)
	for index := range part {
		if !bigEndian {
			index = len(part) - 1 - index
		}
		word = word<<8 | uint64(part[index])
	}
	return word >> uint(bit) & (^uint64(0) >> uint(64-bits)), ok
}

func least(left, right int) int {
	if left < right {
		return left
	}
	return right
}

func choose(test bool, yes, no uint64) uint64 {
	if test {
		return yes
	}
	return no
}

func bytesAreZero(b []byte, ok bool) (holds, told bool) {
	return ok && len(bytes.Trim(b, "\x00")) == 0, ok
}

// CRC32C is the CRC-32C (Castagnoli) of bytes.
func CRC32C(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(uint32(Crc32cPolynomialReflected)))
}

func checksumIsRight(b []byte, start int, size uint64, told bool) (holds, ok bool) {
	stored, ok := integer(b, start, 0, 32, false)
	if !told || !ok || size > uint64(len(b)) || size < uint64(start+4) {
		return false, false
	}
	covered := append([]byte(nil), b[:size]...)
	copy(covered[start:], make([]byte, 4))
	return uint64(CRC32C(covered)) == stored, true
}
