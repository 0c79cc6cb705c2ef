// Command upstream serves the stand-in for providers to tests in any language;
// see the README of package upstream for how it is scripted over HTTP.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/portico-ai/portico/test/upstream"
)

func main() {
	var opt upstream.Options
	flag.StringVar(&opt.Listen, "listen", "127.0.0.1:9901", "address; port 0 takes a free one")
	flag.StringVar(&opt.Corpus, "corpus", "", "folder of recorded exchanges (default PORTICO_CORPUS, or ../shared/fixtures beside the repository)")
	flag.BoolVar(&opt.Recorded, "recorded", false, "answer from the corpus where no case is named")
	flag.Parse()
	if err := run(opt); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(opt upstream.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := upstream.Start(opt)
	if err != nil {
		return err
	}
	fmt.Println(s.URL) // the first line of output is the address, for whoever started us
	<-ctx.Done()
	return s.Close()
}
