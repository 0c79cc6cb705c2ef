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
	role := flag.String("role", "", "internal: upstream or proxy")
	addr := flag.String("addr", "", "internal: address of the role")
	upstream := flag.String("upstream", "", "internal: address of the upstream")
	rounds := flag.Int("rounds", 3, "alternating rounds; the median ratio is shown")
	only := flag.String("only", "", "comma list of phase name prefixes to run")
	binary := flag.String("portico", "bin/portico", "binary to measure")
	flag.Parse()
	switch *role {
	case "upstream":
		log.Fatal(serveUpstream(*addr))
	case "proxy":
		log.Fatal(serveProxy(*addr, *upstream))
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
	fmt.Printf("%-28s %12s %12s %8s %8s   (median of %d rounds)\n", "", "proxy µs", "portico µs", "ratio", "target", rounds)
	for _, p := range phases() {
		if !wanted(p.name, only) {
			continue
		}
		var proxies, gateways, ratios []float64
		if _, err := rig.measure(rig.proxy, warm(p)); err != nil {
			return err
		}
		if _, err := rig.measure(rig.portico, warm(p)); err != nil {
			return err
		}
		for range rounds {
			base, err := rig.measure(rig.proxy, p)
			if err != nil {
				return fmt.Errorf("%s through the proxy: %w", p.name, err)
			}
			ours, err := rig.measure(rig.portico, p)
			if err != nil {
				return fmt.Errorf("%s through portico: %w", p.name, err)
			}
			proxies, gateways, ratios = append(proxies, base), append(gateways, ours), append(ratios, ours/base)
		}
		fmt.Printf("%-28s %12.1f %12.1f %8.2f %8.2f\n", p.name, median(proxies), median(gateways), median(ratios), p.target)
	}
	return rig.report(os.Stdout)
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
