package route

import "strings"

// nearest finds the known key that word is probably a misspelling of.
func nearest(word string, known []string) (string, bool) {
	best, found := 0, ""
	for _, k := range known {
		allowed := 2
		if len(k) <= 4 {
			allowed = 1
		}
		d := allowed + 1
		switch {
		case plainWord(word) == plainWord(k):
			d = 0
		case max(len(word)-len(k), len(k)-len(word)) <= allowed:
			d = distance(word, k)
		}
		if d <= allowed && (found == "" || d < best) {
			best, found = d, k
		}
	}
	return found, found != ""
}

// plainWord makes virtualKey, Virtual-Key and virtual_key the same word.
func plainWord(s string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s))
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
