package app

import (
	"os"
	"strings"
	"testing"
)

// TestConfigurationPage holds docs/configuration.md against the settings there
// are: each has a row with its flag, its variable and its default, and no row
// describes a setting that is gone.
func TestConfigurationPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := settingRows(string(page))
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
