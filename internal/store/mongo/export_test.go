package mongo

// SetPage sets how many objects one answer lists.
func SetPage(n int) int {
	pageSize = n
	return n
}
