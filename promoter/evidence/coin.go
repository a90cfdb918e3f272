package evidence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Coin tosses the audit coin of an item: true with the chance share, the same
// for the same key and item, and not to be foreseen without the key. It is
// tossed when the item is shown, and stored: a key may change.
func Coin(key []byte, item string, share float64) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(item))
	return float64(binary.BigEndian.Uint64(mac.Sum(nil))) < share*math.MaxUint64
}
