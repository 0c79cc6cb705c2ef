package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dialects "github.com/portico-ai/portico/internal/dialect/all"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

const module = "github.com/portico-ai/portico/"

// policy says which folder of internal may import which, in the notation of Go's
// own deps_test.go: "A < B" lets B import A, and all that A may import.
const policy = `
	NONE < ai, egress, console;
	ai < codec, sign, route, price, prompt, access, secret, mail;
	codec < dialect, hook, cache, limit, ledger;
	dialect, sign < provider;
	ledger < telemetry;
	provider, route, prompt, access, hook, limit < directory;
	directory, cache, price, telemetry, egress < gateway;
	directory, cache, price, ledger, secret < control;
	control < store, export;
	gateway, control, export < api;
	store, api, console, mail < app;
	app < cmd;
	gateway !< control; control !< gateway; store !< api; hook !< provider; ledger !< provider;
`

// only lists modules that one folder alone may import.
var only = map[string][]string{
	"database/sql":                        {"store/sqldb", "store/duckdb"},
	"github.com/jackc/pgx":                {"store/sqldb", "store/postgres"},
	"modernc.org/sqlite":                  {"store/sqldb"},
	"github.com/duckdb":                   {"store/duckdb"},
	"go.mongodb.org/mongo-driver":         {"store/mongo"},
	"go.opentelemetry.io":                 {"telemetry", "api/otlp"}, // out, and in
	"github.com/prometheus/client_golang": {"telemetry"},
	"github.com/spf13/cobra":              {},
}

func TestImportsFollowTheDesign(t *testing.T) {
	allowed := closure(t, policy)
	for dir, files := range goFiles(t, ".") {
		folder, _, _ := strings.Cut(dir, "/")
		if folder == "." {
			continue
		}
		if _, ok := allowed[folder]; !ok {
			t.Errorf("internal/%s has no place in the import policy", folder)
			continue
		}
		for _, file := range files {
			for _, path := range imports(t, file) {
				checkImport(t, allowed, dir, folder, file, path)
			}
		}
	}
}

func checkImport(t *testing.T, allowed map[string]map[string]bool, dir, folder, file, path string) {
	t.Helper()
	if rest, ours := strings.CutPrefix(path, module+"internal/"); ours {
		target, _, _ := strings.Cut(rest, "/")
		if target != folder && !allowed[folder][target] {
			t.Errorf("%s: %s may not import %s", file, folder, target)
		}
		return
	}
	for prefix, places := range only {
		if path != prefix && !strings.HasPrefix(path, prefix+"/") {
			continue
		}
		fine := false
		for _, place := range places {
			fine = fine || dir == place || strings.HasPrefix(dir, place+"/")
		}
		if !fine {
			t.Errorf("%s: %s belongs in %v alone", file, path, places)
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	for dir, files := range goFiles(t, ".") {
		documented := dir == "."
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
		}
		if !documented {
			t.Errorf("internal/%s has no package comment", dir)
		}
	}
}

// A provider's id appears only in its row or folder and in the prices. Ids that
// are also the name of a dialect are left out: they are ordinary words elsewhere.
func TestProviderIDsStayInTheirRows(t *testing.T) {
	registry, err := all.New(sign.Clients{})
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{"google": true, "mock": true}
	for dialect := range dialects.New() {
		words[string(dialect)] = true
	}
	for dir, files := range goFiles(t, ".") {
		if strings.HasPrefix(dir, "provider") || strings.HasPrefix(dir, "price") {
			continue
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range registry.IDs() {
				if !words[id] && strings.Contains(string(text), `"`+id+`"`) {
					t.Errorf("%s names provider %s", file, id)
				}
			}
		}
	}
}

// closure parses a policy into: folder -> folders it may import.
func closure(t *testing.T, policy string) map[string]map[string]bool {
	t.Helper()
	direct := map[string][]string{}
	var denied [][2]string
	for rule := range strings.SplitSeq(policy, ";") {
		rule = strings.TrimSpace(rule)
		if rule == "" {
			continue
		}
		if a, b, ok := strings.Cut(rule, "!<"); ok {
			denied = append(denied, [2]string{strings.TrimSpace(a), strings.TrimSpace(b)})
			continue
		}
		low, high, ok := strings.Cut(rule, "<")
		if !ok {
			t.Fatalf("cannot read rule %q", rule)
		}
		for h := range strings.SplitSeq(high, ",") {
			for l := range strings.SplitSeq(low, ",") {
				direct[strings.TrimSpace(h)] = append(direct[strings.TrimSpace(h)], strings.TrimSpace(l))
			}
		}
	}
	all := map[string]map[string]bool{}
	var reach func(from, to string)
	reach = func(from, to string) {
		for _, next := range direct[to] {
			if next != "NONE" && !all[from][next] {
				all[from][next] = true
				reach(from, next)
			}
		}
	}
	for folder := range direct {
		all[folder] = map[string]bool{}
		reach(folder, folder)
	}
	for _, d := range denied {
		if all[d[1]][d[0]] {
			t.Errorf("policy contradicts itself: %s may reach %s", d[1], d[0])
		}
	}
	return all
}

// goFiles lists the non-test Go files below root, by folder.
func goFiles(t *testing.T, root string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "storetest" || d.Name() == "providertest") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && d.Name() != "deps_keep.go" {
			dir := filepath.ToSlash(filepath.Dir(path))
			out[dir] = append(out[dir], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}
