// Package mongo keeps objects in a MongoDB database: a document an object, and
// its bytes in parts, since no document may have more than 16 MiB.
package mongo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	defaultDatabase = "portico"
	partSize        = 1 << 20
	callFor         = 20 * time.Second
	slowest         = 128 << 10 // bytes a second that storing may take
)

// A Store is two collections of a database. It implements ledger.Objects.
//
// An object is a document of objects: its parts are those of the generation it
// names. A part is a document of parts, "key#generation#number". The parts of a
// new generation are stored before the object names it and those of the old one
// deleted after, so a reader finds one or the other, whole. What is begun is said
// in the object first: what a crash leaves is listed, with size 0, and deleted.
type Store struct {
	client         *mongo.Client
	objects, parts *mongo.Collection
}

type object struct {
	Key      string    `bson:"_id"`
	Gen      string    `bson:"gen,omitempty"`
	Size     int64     `bson:"size,omitempty"`
	Modified time.Time `bson:"modified"`
}

type part struct {
	ID   string `bson:"_id"`
	Data []byte `bson:"data"`
}

// A Dialer opens connections.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Hosts are those that a URL names, host:port each.
func Hosts(raw string) ([]string, error) {
	o, _, err := parse(raw)
	if err != nil {
		return nil, err
	}
	hosts := make([]string, len(o.Hosts))
	for i, h := range o.Hosts {
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), "27017")
		}
		hosts[i] = h
	}
	return hosts, nil
}

func parse(raw string) (*options.ClientOptions, string, error) {
	rest, ok := strings.CutPrefix(raw, "mongodb://")
	if !ok { // mongodb+srv asks DNS past our dialer
		return nil, "", errors.New("is not of the form mongodb://user:password@host:27017/database")
	}
	o := options.Client().ApplyURI(raw)
	if err := o.Validate(); err != nil {
		return nil, "", fmt.Errorf("cannot be used: %w", err)
	}
	rest, _, _ = strings.Cut(rest, "?")
	_, database, _ := strings.Cut(rest, "/")
	return o, cmp.Or(database, defaultDatabase), nil
}

// Open makes a Store. It connects when it is first used, through dialer.
func Open(raw string, dialer Dialer) (*Store, error) {
	o, database, err := parse(raw)
	if err != nil {
		return nil, err
	}
	o.SetDialer(dialer).SetAppName("portico").SetServerSelectionTimeout(5 * time.Second)
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, err
	}
	db := client.Database(database)
	return &Store{client, db.Collection("portico_objects"), db.Collection("portico_object_parts")}, nil
}

// Close closes all connections.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return s.client.Disconnect(ctx)
}

// Put implements ledger.Objects.
func (s *Store) Put(ctx context.Context, key string, r io.ReaderAt, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, callFor+time.Duration(size/slowest)*time.Second)
	defer cancel()
	gen, now := rand.Text(), time.Now().UTC()
	if _, err := s.objects.UpdateOne(ctx, bson.M{"_id": key}, bson.M{"$set": bson.M{"modified": now}}, options.UpdateOne().SetUpsert(true)); err != nil {
		return meaning(err)
	}
	buf := make([]byte, min(size, partSize))
	for off := int64(0); off < size; off += partSize {
		data := buf[:min(partSize, size-off)]
		if _, err := r.ReadAt(data, off); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := s.parts.InsertOne(ctx, part{partID(key, gen, off/partSize), data}); err != nil {
			return meaning(err)
		}
	}
	set := bson.M{"$set": bson.M{"gen": gen, "size": size, "modified": now}}
	if _, err := s.objects.UpdateOne(ctx, bson.M{"_id": key}, set); err != nil {
		return meaning(err)
	}
	return s.deleteParts(ctx, key, gen)
}

// deleteParts deletes the parts of a key but for one generation.
func (s *Store) deleteParts(ctx context.Context, key, but string) error {
	for _, between := range [][2]string{{key + "#", key + "#" + but + "#"}, {key + "#" + but + "$", key + "$"}} {
		if but == "" {
			between = [2]string{key + "#", key + "$"} // $ comes after #
		}
		if _, err := s.parts.DeleteMany(ctx, bson.M{"_id": bson.M{"$gte": between[0], "$lt": between[1]}}); err != nil {
			return meaning(err)
		}
	}
	return nil
}

func partID(key, gen string, n int64) string { return fmt.Sprintf("%s#%s#%08d", key, gen, n) }

// Get implements ledger.Objects.
func (s *Store) Get(ctx context.Context, key string, off, n int64) ([]byte, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	var o object
	if err := s.objects.FindOne(ctx, bson.M{"_id": key}).Decode(&o); err != nil {
		return nil, 0, meaning(err)
	}
	if o.Gen == "" {
		return nil, 0, meaning(mongo.ErrNoDocuments)
	}
	if off < 0 {
		off = max(o.Size-n, 0)
	}
	end := min(off+n, o.Size)
	if off >= end {
		return nil, 0, meaning(mongo.ErrNoDocuments)
	}
	first, last := off/partSize, (end-1)/partSize
	found, err := s.parts.Find(ctx, bson.M{"_id": bson.M{"$gte": partID(key, o.Gen, first), "$lte": partID(key, o.Gen, last)}},
		options.Find().SetSort(bson.M{"_id": 1}))
	if err != nil {
		return nil, 0, meaning(err)
	}
	var parts []part
	if err := found.All(ctx, &parts); err != nil {
		return nil, 0, meaning(err)
	}
	if int64(len(parts)) != last-first+1 { // replaced or deleted meanwhile
		return nil, 0, &ai.Error{Kind: ai.Unavailable, Message: "The object is being replaced"}
	}
	var b []byte
	for _, p := range parts {
		b = append(b, p.Data...)
	}
	if from := off - first*partSize; from+end-off <= int64(len(b)) {
		return b[from : from+end-off], o.Size, nil
	}
	return nil, 0, &ai.Error{Kind: ai.BadGateway, Message: "A part of the object is shorter than it was stored"}
}

// Delete implements ledger.Objects.
func (s *Store) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	if err := s.deleteParts(ctx, key, ""); err != nil {
		return err
	}
	if _, err := s.objects.DeleteOne(ctx, bson.M{"_id": key}); err != nil {
		return meaning(err)
	}
	return nil
}

// List implements ledger.Objects.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[ledger.Object, error] {
	return func(yield func(ledger.Object, error) bool) {
		for {
			page, err := s.page(ctx, prefix, after)
			if err != nil {
				yield(ledger.Object{}, err)
				return
			}
			for _, o := range page {
				if !strings.HasPrefix(o.Key, prefix) || !yield(ledger.Object{Key: o.Key, Size: o.Size, Modified: o.Modified}, nil) {
					return
				}
				after = o.Key
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

var pageSize = 1000 // objects that one answer lists; only tests change it

func (s *Store) page(ctx context.Context, prefix, after string) (page []object, err error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	from := bson.M{"$gte": prefix}
	if after >= prefix {
		from = bson.M{"$gt": after}
	}
	found, err := s.objects.Find(ctx, bson.M{"_id": from}, options.Find().SetSort(bson.M{"_id": 1}).SetLimit(int64(pageSize)))
	if err == nil {
		err = found.All(ctx, &page)
	}
	return page, meaning(err)
}

// The server's codes of a refusal.
const (
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
)

// meaning says what an error means and how to put it right.
func meaning(err error) error {
	if err == nil {
		return nil
	}
	e := &ai.Error{Kind: ai.Unavailable, Message: "MongoDB cannot be reached", Err: err}
	var said mongo.ServerError
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		e.Kind, e.Message = ai.NotFound, "There is no such object"
	case strings.Contains(err.Error(), "auth error") || errors.As(err, &said) && said.HasErrorCode(codeAuthenticationFailed):
		e.Kind, e.Message = ai.Forbidden, "MongoDB refuses the user; check user, password and authSource in blobs_url"
	case errors.As(err, &said) && said.HasErrorCode(codeUnauthorized):
		e.Kind, e.Message = ai.Forbidden, "MongoDB's user may not do this; give it the role readWrite on the database"
	case errors.As(err, &said) && !mongo.IsNetworkError(err) && !mongo.IsTimeout(err):
		e.Message = "MongoDB failed"
	}
	return e
}
