package analytics

import (
	"slices"
	"time"
)

// maxBuckets is the most data points that one graph may have.
const maxBuckets = 1500

// An interval is a width of buckets. Those below a day are of one length, counted
// from each day's beginning; days and longer ones are the calendar's, so that one
// in which the clocks change is shorter or longer.
type interval struct {
	name  string
	step  time.Duration // below a day
	floor func(day) day // to the first day of the bucket
	next  func(day) day // the first day of the bucket after it
	upTo  time.Duration // the longest range for which it is chosen
	least time.Duration // its shortest bucket, to refuse too many early
}

// A day is a date in some time zone.
type day struct {
	year  int
	month time.Month
	date  int
}

func dayOf(t time.Time) day {
	y, m, d := t.Date()
	return day{y, m, d}
}

const aDay = 24 * time.Hour

// intervals are in the order of their widths.
var intervals = []interval{
	{name: "1min", step: time.Minute, upTo: 2 * time.Hour},
	{name: "5min", step: 5 * time.Minute, upTo: 12 * time.Hour},
	{name: "15min", step: 15 * time.Minute, upTo: aDay},
	{name: "1h", step: time.Hour, upTo: 8 * aDay},
	{name: "6h", step: 6 * time.Hour, upTo: 15 * aDay},
	{name: "1d", floor: func(d day) day { return d }, next: func(d day) day { return d.add(1) }, upTo: 125 * aDay, least: 20 * time.Hour},
	{name: "1w", floor: monday, next: func(d day) day { return d.add(7) }, upTo: 750 * aDay, least: 6 * aDay},
	{name: "1mo", floor: func(d day) day { return day{d.year, d.month, 1} }, next: nextMonth, upTo: 1<<63 - 1, least: 27 * aDay},
}

func (d day) add(n int) day { return dayOf(time.Date(d.year, d.month, d.date+n, 0, 0, 0, 0, time.UTC)) }

// monday is the first day of d's week, as ISO 8601 has it.
func monday(d day) day {
	weekday := time.Date(d.year, d.month, d.date, 0, 0, 0, 0, time.UTC).Weekday()
	return d.add(-(int(weekday) + 6) % 7)
}

func nextMonth(d day) day { return dayOf(time.Date(d.year, d.month+1, 1, 0, 0, 0, 0, time.UTC)) }

func intervalNames() []string {
	names := make([]string, len(intervals))
	for i, v := range intervals {
		names[i] = v.name
	}
	return names
}

// fitting is the interval that is chosen for a range.
func fitting(length time.Duration) interval {
	i := slices.IndexFunc(intervals, func(v interval) bool { return length <= v.upTo })
	return intervals[i]
}

// edges are the ends of the buckets that cover from to to, in the zone of from;
// false if they are too many.
func (v interval) edges(from, to time.Time) ([]time.Time, bool) {
	if least := max(v.step, v.least); to.Sub(from)/least > maxBuckets {
		return nil, false
	}
	list := v.all(from, to)
	return list, len(list) <= maxBuckets+1
}

func (v interval) all(from, to time.Time) []time.Time {
	zone := from.Location()
	if v.step == 0 {
		d := v.floor(dayOf(from))
		list := []time.Time{begin(d, zone)}
		for list[len(list)-1].Before(to) {
			d = v.next(d)
			if t := begin(d, zone); t.After(list[len(list)-1]) { // a zone that moves over the date line leaves out a day
				list = append(list, t)
			}
		}
		return list
	}
	var list []time.Time
	for d := dayOf(from); ; d = d.add(1) {
		end := begin(d.add(1), zone)
		for t := begin(d, zone); t.Before(end); t = t.Add(v.step) {
			if !t.After(from) {
				list = []time.Time{t}
				continue
			}
			if list = append(list, t); !t.Before(to) {
				return list
			}
		}
	}
}

// begin is the first moment of a day. Where the clocks are put forward at
// midnight that is not 0:00, and where they are put back it is the first of two.
func begin(d day, zone *time.Location) time.Time {
	t := time.Date(d.year, d.month, d.date, 0, 0, 0, 0, zone)
	if dayOf(t) != d { // 0:00 does not exist, and this is before it would
		_, change := t.ZoneBounds()
		return change
	}
	if earlier := t.Add(-time.Hour); dayOf(earlier) == d {
		return earlier
	}
	return t
}
