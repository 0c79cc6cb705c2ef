package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestConfigurationPage holds docs/configuration.md against the settings there
// are: each has a row with its flag, its variable and its default, and no row
// describes a setting that is gone.
func TestConfigurationPage(t *testing.T) {
	rows := settingRows(readPage(t, "docs/configuration.md"))
	for _, s := range Settings() {
		row, ok := rows[s.Name]
		if !ok {
			t.Errorf("docs/configuration.md has no row for %s", s.Name)
			continue
		}
		delete(rows, s.Name)
		flag := "`--" + s.Flag() + "`"
		if s.NoFlag {
			flag = "–"
		}
		if row.flag != flag || row.variable != "`"+s.Variable()+"`" {
			t.Errorf("%s: the page says %s, %s; want %s, `%s`", s.Name, row.flag, row.variable, flag, s.Variable())
		}
		if s.Default != "" && row.standard != "`"+s.Default+"`" {
			t.Errorf("%s: the page says the default is %s; want `%s`", s.Name, row.standard, s.Default)
		}
	}
	for name := range rows {
		t.Errorf("docs/configuration.md describes %s, which is no setting", name)
	}
}

type settingRow struct{ flag, variable, standard string }

// settingRows reads the table below the heading Settings, by name.
func settingRows(page string) map[string]settingRow {
	_, section, _ := strings.Cut(page, "\n## Settings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]settingRow{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		rows[strings.Trim(cells[1], " `")] = settingRow{strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3]), strings.TrimSpace(cells[4])}
	}
	return rows
}

// TestDependenciesPage holds docs/dependencies.md against the direct
// dependencies of the Go module and of the console.
func TestDependenciesPage(t *testing.T) {
	page := readPage(t, "docs/dependencies.md")
	for _, name := range append(goDependencies(t), webDependencies(t)...) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/dependencies.md gives no reason for %s", name)
		}
	}
}

func goDependencies(t *testing.T) (names []string) {
	_, block, _ := strings.Cut(readPage(t, "go.mod"), "require (")
	block, _, _ = strings.Cut(block, "\n)")
	for line := range strings.Lines(block) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.Contains(line, "// indirect") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Error("go.mod lists no direct dependencies: has its layout changed?")
	}
	return names
}

func webDependencies(t *testing.T) (names []string) {
	var manifest struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(readPage(t, "web/package.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	for name := range manifest.Dependencies {
		names = append(names, name)
	}
	for name := range manifest.DevDependencies {
		names = append(names, name)
	}
	return names
}

// TestLinks follows every relative link of the manual: the file must be there,
// and so must the heading if the link names one.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, decisions...)
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		pages = append(pages, filepath.Join(root, name))
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links(string(text)) {
			checkLink(t, page, link)
		}
	}
}

var linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// links are the targets of a page's relative links, outside of code blocks.
func links(page string) (out []string) {
	for i, part := range strings.Split(page, "\n```") {
		if i%2 == 1 {
			continue
		}
		for _, m := range linkPattern.FindAllStringSubmatch(part, -1) {
			if !strings.Contains(m[1], "://") {
				out = append(out, m[1])
			}
		}
	}
	return out
}

func checkLink(t *testing.T, page, link string) {
	file, heading, _ := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
	}
	if _, err := os.Stat(target); err != nil {
		t.Errorf("%s: the link %s leads nowhere", page, link)
		return
	}
	if heading == "" {
		return
	}
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") && anchor(line) == heading {
			return
		}
	}
	t.Errorf("%s: %s has no heading for the link %s", page, target, link)
}

// anchor is the name that a heading is linked by.
func anchor(heading string) string {
	text := strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#")))
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return -1
	}, text)
}

// root is the repository, seen from this package.
const root = "../.."

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
