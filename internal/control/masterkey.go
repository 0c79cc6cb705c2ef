package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/portico-ai/portico/internal/secret"
)

// ErrSameMasterKey means that a master key was to be exchanged for itself.
var ErrSameMasterKey = errors.New("the new master key is the one in use; nothing was changed")

// A sealing is all that one master key seals: every organisation's data key, by
// the organisation's id, and the pepper of API keys. There is a second one, of
// the key before, from ExchangeMaster until ForgetOldMaster.
type sealing struct {
	DataKeys map[string]string `json:"data_keys"`
	Pepper   string            `json:"pepper"`
}

var pepperBinding = secret.Binding{Kind: "pepper"}

func dataKeyBinding(orgID string) secret.Binding {
	return secret.Binding{Tenant: orgID, Kind: "data-key"}
}

// readSealings returns the current sealing and, if there is one, the old one.
func readSealings(ctx context.Context, store OrganisationStore) ([]sealing, error) {
	orgs, err := store.Organisations(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the organisations: %w", err)
	}
	if len(orgs) == 0 {
		return nil, ErrEmpty
	}
	current := sealing{DataKeys: map[string]string{}}
	for _, o := range orgs {
		current.DataKeys[o.ID] = o.DataKey
	}
	if current.Pepper, err = store.Setting(ctx, settingPepper); err != nil {
		return nil, fmt.Errorf("read the pepper: %w", err)
	}
	text, err := store.Setting(ctx, settingOldSeal)
	if errors.Is(err, ErrNotFound) {
		return []sealing{current}, nil
	}
	var old sealing
	if err == nil {
		err = json.Unmarshal([]byte(text), &old)
	}
	if err != nil {
		return nil, fmt.Errorf("read what the master key before has sealed: %w", err)
	}
	return []sealing{current, old}, nil
}

// openedKeys are one organisation's keys. old says that the master key that
// opened them is the one before.
type openedKeys struct {
	data   *secret.Box
	pepper []byte
	old    bool
}

func openKeys(ctx context.Context, store OrganisationStore, master *secret.Box, orgID string) (openedKeys, error) {
	sealings, err := readSealings(ctx, store)
	if err != nil {
		return openedKeys{}, err
	}
	return openSealings(sealings, master, orgID)
}

func openSealings(sealings []sealing, master *secret.Box, orgID string) (_ openedKeys, err error) {
	for i, s := range sealings {
		k := openedKeys{old: i > 0}
		var e error
		if k.data, e = master.OpenDataKey(s.DataKeys[orgID], dataKeyBinding(orgID)); e == nil {
			k.pepper, e = master.Open(s.Pepper, pepperBinding)
		}
		if e == nil {
			return k, nil
		}
		err = errors.Join(err, e)
	}
	return openedKeys{}, fmt.Errorf("%w (%w)", ErrWrongMasterKey, err)
}

// CheckMaster reports whether the master key opens the store: ErrWrongMasterKey
// if it does not, ErrEmpty if there is nothing to open.
func CheckMaster(ctx context.Context, store OrganisationStore, master *secret.Box) error {
	orgs, err := store.Organisations(ctx)
	if err != nil {
		return fmt.Errorf("read the organisations: %w", err)
	}
	if len(orgs) == 0 {
		return ErrEmpty
	}
	for _, o := range orgs {
		if _, err := openKeys(ctx, store, master, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// ExchangeMaster seals anew, under the master key to, what from has sealed, in
// one transaction. Everything else in the store is sealed by what these open and
// stays as it is. Afterwards the store opens with either key, so that it does
// not matter when, and whether, the key itself is put in place; ForgetOldMaster
// ends that.
func ExchangeMaster(ctx context.Context, store Store, from, to *secret.Box) error {
	if from.Same(to) {
		return ErrSameMasterKey
	}
	return store.Atomically(ctx, func(tx Store) error {
		sealings, err := readSealings(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range sealings {
			var sealed sealing
			if sealed, err = old.reseal(from, to); err == nil {
				return putSealings(ctx, tx, sealed, old)
			}
		}
		return fmt.Errorf("%w (%w)", ErrWrongMasterKey, err)
	})
}

func (s sealing) reseal(from, to *secret.Box) (sealing, error) {
	sealed := sealing{DataKeys: map[string]string{}}
	for org, text := range s.DataKeys {
		key, err := from.Open(text, dataKeyBinding(org))
		if err != nil {
			return sealing{}, err
		}
		sealed.DataKeys[org] = to.Seal(key, dataKeyBinding(org))
	}
	pepper, err := from.Open(s.Pepper, pepperBinding)
	if err != nil {
		return sealing{}, err
	}
	sealed.Pepper = to.Seal(pepper, pepperBinding)
	return sealed, nil
}

func putSealings(ctx context.Context, tx Store, current, old sealing) error {
	text, err := json.Marshal(old)
	if err != nil {
		return err
	}
	err = errors.Join(tx.PutSetting(ctx, settingOldSeal, string(text)), tx.PutSetting(ctx, settingPepper, current.Pepper))
	for org, sealed := range current.DataKeys {
		err = errors.Join(err, tx.UpdateDataKey(ctx, org, sealed))
	}
	return err
}

// ForgetOldMaster takes from the store what the master key before the last
// exchange opens: from then on it is worth nothing. Call it once the new key is
// where it will be found.
func ForgetOldMaster(ctx context.Context, store OrganisationStore) error {
	if err := store.DeleteSetting(ctx, settingOldSeal); err != nil {
		return fmt.Errorf("forget the old master key: %w", err)
	}
	return nil
}

// FinishExchange is ForgetOldMaster for one who shows the new key.
func FinishExchange(ctx context.Context, store OrganisationStore, master *secret.Box) error {
	orgs, err := store.Organisations(ctx)
	if err != nil {
		return fmt.Errorf("read the organisations: %w", err)
	}
	for _, o := range orgs {
		if k, err := openKeys(ctx, store, master, o.ID); err != nil {
			return err
		} else if k.old {
			return errors.New("the master key in place is the old one; put the new one in place first, here and on every node")
		}
	}
	return ForgetOldMaster(ctx, store)
}

// endExchange forgets the old master key at the first start with the new one,
// unless other nodes may start with the old one still.
func (s *Service) endExchange(ctx context.Context) error {
	if s.ring.Load().oldMaster {
		s.log.WarnContext(ctx, "the master key was exchanged, and this is the old one; it works until the exchange is finished: for one node, by the first start with the new one")
		return nil
	}
	_, err := s.store.Setting(ctx, settingOldSeal)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what the master key before has sealed: %w", err)
	}
	if s.shared {
		s.log.WarnContext(ctx, "the master key was exchanged, and the old one still opens the data; when every node has the new one, run portico rotate-master-key --finish")
		return nil
	}
	return ForgetOldMaster(ctx, s.store)
}
