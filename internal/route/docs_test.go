package route

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

const manualPage = "../../docs/configs.md"

var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestManualExamples: every JSON example of the manual page is a valid config
// that leaves nothing to remark.
func TestManualExamples(t *testing.T) {
	page, err := os.ReadFile(manualPage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := jsonBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d examples", len(blocks))
	}
	s := compileSchema(t)
	for _, b := range blocks {
		c, err := Parse([]byte(b[1]), Options{ForSave: true})
		if err != nil {
			t.Errorf("%v\n%s", err, b[1])
			continue
		}
		if c.Warnings() != nil {
			t.Errorf("%q\n%s", c.Warnings(), b[1])
		}
		if err := schemaFault(t, s, b[1]); err != nil {
			t.Errorf("%v\n%s", err, b[1])
		}
	}
}

// TestManualIsComplete: every key that the schema describes for all providers is
// on the manual page, in code.
func TestManualIsComplete(t *testing.T) {
	page, err := os.ReadFile(manualPage)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	keys := doc.Properties
	for _, def := range doc.Defs {
		for key, v := range def.Properties {
			keys[key] = v
		}
	}
	if len(keys) < 40 {
		t.Fatalf("the schema has only %d keys", len(keys))
	}
	providers := regexp.MustCompile(`^(aws|azure|openai|vertex)_`)
	for key := range keys {
		mention := regexp.MustCompile("[`\".]" + regexp.QuoteMeta(key) + "[`\"]")
		if !providers.MatchString(key) && !mention.Match(page) {
			t.Errorf("%s is not in the manual", key)
		}
	}
}
