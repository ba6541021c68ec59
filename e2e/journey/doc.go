// Package journey walks the house as people do: a real Chromium, a real house
// on each engine, in Japanese and English, on a phone and at a desk, with and
// without script. It also looks at how the pages are: their weight, their
// accessibility, and the pictures that the documents show.
package journey
