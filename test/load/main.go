// Command load measures what Portico costs: CPU per request of the whole
// pipeline, accounting and body log on, as a ratio to a bare
// httputil.ReverseProxy measured in alternating rounds of the same run. All
// traffic is on loopback and bounded in count.
//
//	go run ./test/load [-rounds 3] [-only small,stream] [-portico bin/portico]
//
// The measured process is pinned to one core; the upstream and the load share
// the others. Ratios are taken inside a round and the median is shown: absolute
// figures depend on the machine and are printed only to give the scale.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

// A phase is one kind of traffic.
type phase struct {
	name     string
	size     int // request body, bytes
	path     string
	stream   bool
	paced    bool
	requests int
	workers  int
	target   float64 // ratio to ReverseProxy that is aimed at
}

func phases() []phase {
	return []phase{
		{name: "small 0.3 KB", size: 300, path: "/chat/completions", requests: 60000, workers: 32, target: 1.3},
		{name: "medium 9 KB", size: 9 << 10, path: "/chat/completions", requests: 12000, workers: 32, target: 1.5},
		{name: "large 1 MB", size: 1 << 20, path: "/chat/completions", requests: 1000, workers: 8, target: 4},
		{name: "reply 30 KB", size: 300, path: "/embeddings", requests: 20000, workers: 32, target: 1.5},
		{name: "stream unpaced (per event)", size: 300, path: "/chat/completions", stream: true, requests: 2500, workers: 32, target: 1.3},
		{name: "stream paced (per event)", size: 300, path: "/chat/completions", stream: true, paced: true, requests: 400, workers: 200, target: 1.1},
	}
}

func main() {
	log.SetFlags(0)
	role := flag.String("role", "", "internal: upstream, proxy or unrecorded")
	addr := flag.String("addr", "", "internal: address of the role")
	upstream := flag.String("upstream", "", "internal: address of the upstream")
	data := flag.String("data", "", "internal: data folder of the role")
	rounds := flag.Int("rounds", 3, "alternating rounds; the median ratio is shown")
	only := flag.String("only", "", "comma list of phase name prefixes to run")
	binary := flag.String("portico", "bin/portico", "binary to measure")
	flag.Parse()
	switch *role {
	case "upstream":
		log.Fatal(serveUpstream(*addr))
	case "proxy":
		log.Fatal(serveProxy(*addr, *upstream))
	case "unrecorded":
		log.Fatal(serveUnrecorded(*addr, *upstream, *data))
	}
	if err := run(*binary, *rounds, *only); err != nil {
		log.Fatal(err)
	}
}

func run(binary string, rounds int, only string) error {
	rig, err := start(binary)
	if err != nil {
		return err
	}
	defer rig.stop()
	fmt.Printf("%-28s %10s %14s %12s %8s %8s %14s   (median of %d rounds)\n", "", "proxy µs", "unrecorded µs", "portico µs", "ratio", "target", "of unrecorded", rounds)
	for _, p := range phases() {
		if !wanted(p.name, only) {
			continue
		}
		if err := rig.compare(p, rounds); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return rig.report(os.Stdout)
}

// compare measures a phase in alternating rounds and prints the medians: of the
// CPU that each server used, and of Portico's as a ratio to the others'.
func (r *rig) compare(p phase, rounds int) error {
	servers := []*server{r.proxy, r.unrecorded, r.portico}
	for _, s := range servers {
		if _, err := r.measure(s, warm(p)); err != nil {
			return err
		}
	}
	used, toProxy, toUnrecorded := make([][]float64, len(servers)), []float64(nil), []float64(nil)
	for range rounds {
		var round []float64
		for i, s := range servers {
			us, err := r.measure(s, p)
			if err != nil {
				return err
			}
			used[i], round = append(used[i], us), append(round, us)
		}
		toProxy, toUnrecorded = append(toProxy, round[2]/round[0]), append(toUnrecorded, round[2]/round[1])
	}
	fmt.Printf("%-28s %10.1f %14.1f %12.1f %8.2f %8.2f %14.2f\n", p.name,
		median(used[0]), median(used[1]), median(used[2]), median(toProxy), p.target, median(toUnrecorded))
	return nil
}

// warm is a short form of a phase, to fill pools and caches first.
func warm(p phase) phase {
	p.requests = max(p.workers, p.requests/10)
	return p
}

func wanted(name, only string) bool {
	if only == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(only, ","), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
