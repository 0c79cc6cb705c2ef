package analytics

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func width(t *testing.T, name string) interval {
	t.Helper()
	for _, v := range intervals {
		if v.name == name {
			return v
		}
	}
	t.Fatalf("no interval %s", name)
	return interval{}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestEdges(t *testing.T) {
	for name, c := range map[string]struct {
		width, zone, from, to string
		want                  []string
	}{
		"minutes":                           {"1min", "UTC", "2026-01-02T03:04:05Z", "2026-01-02T03:06:00Z", []string{"2026-01-02T03:04:00Z", "2026-01-02T03:05:00Z", "2026-01-02T03:06:00Z"}},
		"on an edge both ends are whole":    {"1h", "UTC", "2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z", []string{"2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z", "2026-01-02T05:00:00Z"}},
		"a microsecond more":                {"1h", "UTC", "2026-01-02T03:00:00.000001Z", "2026-01-02T04:00:00.000001Z", []string{"2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z", "2026-01-02T05:00:00Z"}},
		"hours of half an hour's offset":    {"1h", "Asia/Kolkata", "2026-01-02T03:10:00+05:30", "2026-01-02T04:10:00+05:30", []string{"2026-01-02T03:00:00+05:30", "2026-01-02T04:00:00+05:30", "2026-01-02T05:00:00+05:30"}},
		"days over midnight":                {"6h", "UTC", "2026-01-02T20:00:00Z", "2026-01-03T01:00:00Z", []string{"2026-01-02T18:00:00Z", "2026-01-03T00:00:00Z", "2026-01-03T06:00:00Z"}},
		"a day of 23 hours":                 {"1d", "Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-30T12:00:00+02:00", []string{"2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"}},
		"a day of 25 hours":                 {"1d", "Europe/Berlin", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", []string{"2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"}},
		"hours when clocks go forward":      {"1h", "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00", []string{"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
		"hours when clocks go back":         {"1h", "Europe/Berlin", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00", []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}},
		"the last six of 23 hours are five": {"6h", "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", []string{"2026-03-29T00:00:00+01:00", "2026-03-29T07:00:00+02:00", "2026-03-29T13:00:00+02:00", "2026-03-29T19:00:00+02:00", "2026-03-30T00:00:00+02:00"}},
		"no midnight":                       {"1d", "Africa/Cairo", "2026-04-23T12:00:00+02:00", "2026-04-25T12:00:00+03:00", []string{"2026-04-23T00:00:00+02:00", "2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00", "2026-04-26T00:00:00+03:00"}},
		"two midnights":                     {"1d", "America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-01T12:00:00-05:00", []string{"2026-10-31T00:00:00-04:00", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"}},
		"weeks begin on Monday":             {"1w", "UTC", "2026-02-01T00:00:00Z", "2026-02-09T00:00:01Z", []string{"2026-01-26T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z", "2026-02-16T00:00:00Z"}},
		"months over a year's end":          {"1mo", "UTC", "2025-12-31T23:59:59Z", "2026-02-01T00:00:01Z", []string{"2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339Nano, c.from)
			if err != nil {
				t.Fatal(err)
			}
			to, err := time.Parse(time.RFC3339Nano, c.to)
			if err != nil {
				t.Fatal(err)
			}
			edges, ok := width(t, c.width).edges(from.In(zone(t, c.zone)), to)
			if !ok {
				t.Fatal("too many")
			}
			var got []string
			for _, e := range edges {
				got = append(got, stamp(e))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever the zone and the width: edges rise, they cover the range, and nothing
// but the first and the last bucket is outside it.
func TestEdgesCoverTheRange(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"} {
		for _, v := range intervals {
			for start := time.Date(2011, 12, 20, 3, 17, 5, 1000, time.UTC); start.Year() < 2027; start = start.Add(4801 * time.Hour) {
				for _, length := range []time.Duration{time.Microsecond, 50 * time.Minute, 26 * time.Hour, 31 * aDay} {
					from, to := start.In(zone(t, name)), start.Add(length)
					edges, ok := v.edges(from, to)
					if !ok {
						if v.step > 0 && length/v.step > 1400 {
							continue
						}
						t.Fatalf("%s %s %s: too many", name, v.name, length)
					}
					n := len(edges)
					if n < 2 || edges[0].After(from) || !edges[1].After(from) || edges[n-1].Before(to) || !edges[n-2].Before(to) {
						t.Fatalf("%s, %s: %s to %s has the edges %v", name, v.name, from, to, edges)
					}
					for i := range n - 1 {
						if !edges[i].Before(edges[i+1]) {
							t.Fatalf("%s, %s: the edges %s and %s", name, v.name, edges[i], edges[i+1])
						}
					}
				}
			}
		}
	}
}

func TestIntervalFitsTheRange(t *testing.T) {
	for length, want := range map[time.Duration]string{
		time.Second: "1min", 2 * time.Hour: "1min", 2*time.Hour + 1: "5min", aDay: "15min", 7 * aDay: "1h", 14 * aDay: "6h",
		30 * aDay: "1d", 90 * aDay: "1d", 365 * aDay: "1w", 800 * aDay: "1mo",
	} {
		if got := fitting(length); got.name != want {
			t.Errorf("%s: %s, want %s", length, got.name, want)
		}
	}
}
