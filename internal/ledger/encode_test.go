package ledger

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEncodersAgreeWithTheTags fills every field by reflection, so that a field
// added to a struct and forgotten by its encoder is noticed.
func TestEncodersAgreeWithTheTags(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		var e Entry
		var r Reservation
		fill(rnd, reflect.ValueOf(&e).Elem(), i%2 == 0)
		fill(rnd, reflect.ValueOf(&r).Elem(), i%2 == 0)
		check(t, e, appendEntry(nil, &e))
		check(t, r, appendReservation(nil, &r))
	}
	check(t, Entry{}, appendEntry(nil, &Entry{}))
	check(t, Reservation{}, appendReservation(nil, &Reservation{}))
}

func check[T any](t *testing.T, v T, got []byte) {
	t.Helper()
	plain, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var want, have T
	if err := json.Unmarshal(plain, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &have); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Fatalf("encoding/json (-) and our encoder (+) differ:\n%s", d)
	}
}

var awkward = []string{"plain", `quo"te`, `back\slash`, "tab\tnewline\n", "\x00\x1f", "ключ", "\xff\xfe bad", "emoji 🎈", "\u2028", "<&>"}

// fill sets the fields of v at random; all of them, or about half.
func fill(rnd *rand.Rand, v reflect.Value, all bool) {
	if !all && rnd.IntN(2) == 0 {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)).UTC()))
		return
	case BodyRef:
		v.Set(reflect.ValueOf(BodyRef{1 + rnd.Uint32N(9), rnd.Int64N(1e9), 1 + rnd.IntN(1e6), []string{"", "abcdefghijklmnop"}[rnd.IntN(2)]}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(awkward[rnd.IntN(len(awkward))] + awkward[rnd.IntN(len(awkward))])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(rnd.Int64N(2_000_000) - 1_000_000)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rnd, v.Elem(), all)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+rnd.IntN(3), 3))
		for i := range v.Len() {
			fill(rnd, v.Index(i), all)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"_user": "ann", `k"`: "v\n"}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rnd, v.Field(i), all)
		}
	default:
		panic("fill: " + v.Type().String())
	}
}
