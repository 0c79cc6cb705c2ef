package provider

import "strings"

// Nearest suggests the name that a mistyped one probably meant, or the names that
// one which stops at a hyphen may have; "" if none is near.
func Nearest(name string, known []string) string {
	var longer []string
	for _, k := range known {
		if strings.HasPrefix(k, strings.ToLower(name)+"-") {
			longer = append(longer, k)
		}
	}
	if len(longer) > 0 {
		return strings.Join(longer, " or ")
	}
	best, bestDistance := "", max(2, len(name)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
