package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// longestShown bounds a name in the log.
const longestShown = 300

// shown returns a name for the log: as it is, or quoted if it has characters that could forge a line.
func shown(name string) string {
	if len(name) > longestShown {
		return fmt.Sprintf("%q…", name[:longestShown])
	}
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// sizeText returns 312 MiB or 6.2 GiB.
func sizeText(bytes int64) string {
	const step = 1024
	value, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for value >= step && unit < len(units)-1 {
		value /= step
		unit++
	}
	text := fmt.Sprintf("%.0f", value)
	if value < 10 {
		text = strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0")
	}
	return text + " " + units[unit]
}

// sizesApart returns two sizes such that one can see which is larger.
func sizesApart(a, b int64) (string, string) {
	if sizeText(a) != sizeText(b) {
		return sizeText(a), sizeText(b)
	}
	return grouped(a) + " B", grouped(b) + " B"
}

// grouped returns 18,204.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func filesText(n int64) string {
	if n == 1 {
		return "1 file"
	}
	return grouped(n) + " files"
}

// took returns the time since then: 2.1s, or 1m12s.
func took(since time.Time) string {
	d := time.Since(since)
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return span(d.Truncate(time.Second))
}

// ageText returns how long ago something was, in its largest unit: 31d.
func ageText(d time.Duration) string {
	for _, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
		if d >= unit {
			return span(d.Truncate(unit))
		}
	}
	return span(d.Truncate(time.Second))
}
