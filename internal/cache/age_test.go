package cache

import (
	"bytes"
	"testing"
	"time"
)

// Settings count for a short time, and never before they were told.
func TestSettingsAge(t *testing.T) {
	c := Open([]string{"HOME=" + t.TempDir()})
	defer c.Close()
	by := Caller{sumOf("settings", []string{"a git"}), true}
	now := time.Unix(1777896000, 5)
	c.PutSettings(by, []byte("told"), now)
	for after, want := range map[time.Duration]bool{-1: false, 0: true, maxAge - 1: true, maxAge: false, 1000 * time.Hour: false} {
		if answer, ok := c.Settings(by, now.Add(after)); ok != want || ok && !bytes.Equal(answer, []byte("told")) {
			t.Errorf("after %v: %q, %v", after, answer, ok)
		}
	}
	if _, ok := c.Settings(Caller{}, now); ok {
		t.Error("an answer for nobody")
	}
	c.PutSettings(by, make([]byte, maxBody), now)
	if answer, ok := c.Settings(by, now); !ok || string(answer) != "told" {
		t.Errorf("%q, %v after settings that are too long", answer, ok)
	}
	c.PutSettings(by, []byte("told anew"), now)
	if answer, ok := c.Settings(by, now); !ok || string(answer) != "told anew" {
		t.Errorf("%q, %v", answer, ok)
	}
}

func TestParseStat(t *testing.T) {
	fields := " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"
	for line, want := range map[string]string{
		"7 (git)" + fields:             "4711",
		"8 (git)" + fields:             "",
		"7 (git-log)" + fields:         "",
		"7 (git) S 1 (git)" + fields:   "", // one name, with both in it
		"7 (git) S 1":                  "",
		"":                             "",
		"7 (x) 7 (git)" + fields:       "",
		"7 (git)" + fields + " 21 22 ": "4711",
	} {
		if got, ok := parseStat([]byte(line), 7); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", line, got, ok)
		}
	}
}
