package words

import (
	"bytes"
	"strings"
)

// syllables pairs hiragana with Hepburn romaji, the spelling of the word lists.
const syllables = `あa いi うu えe おo かka きki くku けke こko がga ぎgi ぐgu げge ごgo
さsa しshi すsu せse そso ざza じji ずzu ぜze ぞzo たta ちchi つtsu てte とto だda ぢji づzu でde どdo
なna にni ぬnu ねne のno はha ひhi ふfu へhe ほho ばba びbi ぶbu べbe ぼbo ぱpa ぴpi ぷpu ぺpe ぽpo
まma みmi むmu めme もmo やya ゆyu よyo らra りri るru れre ろro わwa ゐi ゑe をo んn ゔvu`

// small pairs the small kana with what replaces the vowel of the one before.
const small = `ぁa ぃi ぅu ぇe ぉo ゃya ゅyu ょyo`

// kanji pairs the words that Japanese speakers write into passwords in kanji
// with their reading. A longer word comes before one that begins like it.
const kanji = `日本代表nihondaihyou 日本人nihonjin 日本語nihongo 日本一nihonichi 日本nihon 東京都toukyouto 東京toukyou
大阪oosaka 京都kyouto 名古屋nagoya 横浜yokohama 札幌sapporo 福岡fukuoka 北海道hokkaidou 沖縄okinawa 神戸koube 広島hiroshima 仙台sendai
富士山fujisan 桜sakura 花子hanako 太郎tarou 愛aishiteru 大好きdaisuki 好きsuki 家族kazoku 友達tomodachi 世界sekai 平和heiwa 希望kibou
幸せshiawase 幸福koufuku 夢yume 心kokoro 空sora 海umi 山yama 川kawa 花hana 月tsuki 星hoshi 風kaze 雪yuki 光hikari 龍ryuu 竜ryuu 虎tora
猫neko 犬inu 鳥tori 魚sakana 暗証番号anshoubangou 秘密himitsu 合言葉aikotoba 玄関genkan 会社kaisha 学校gakkou 先生sensei
野球yakyuu 阪神hanshin 巨人kyojin 田中tanaka 佐藤satou 鈴木suzuki 高橋takahashi 渡辺watanabe 伊藤itou 山本yamamoto 中村nakamura 小林kobayashi
加藤katou 吉田yoshida 山田yamada 佐々木sasaki 松本matsumoto 井上inoue 木村kimura 林hayashi 清水shimizu 斎藤saitou 山口yamaguchi
一ichi 二ni 三san 四yon 五go 六roku 七nana 八hachi 九kyuu 十juu 私watashi 僕boku 俺ore 君kimi 春haru 夏natsu 秋aki 冬fuyu`

// keys pairs kana with the key that gives them on a JIS keyboard, so that a
// walk over the keys in kana mode is seen as a walk.
const keys = `ぬ1 ふ2 あ3 ぁ3 う4 ぅ4 え5 ぇ5 お6 ぉ6 や7 ゃ7 ゆ8 ゅ8 よ9 ょ9 わ0 をo ほ- へ^
たq てw いe ぃe すr かt んy なu にi らo せp ちa とs しd はf きg くh まj のk りl れ; け: むjj つz さx そc ひv こb みn もm ね, る. め/ ろ_ ー\ っz`

// The tables are read once and never written.
var (
	syllableOf = pairs(syllables)
	smallOf    = pairs(small)
	keyOf      = pairs(keys)
	kanjiWords = strings.NewReplacer(replacements(kanji)...)
)

func split(pair string) (string, string) {
	i := strings.IndexFunc(pair, func(r rune) bool { return r < 0x80 })
	return pair[:i], pair[i:]
}

func pairs(table string) map[rune]string {
	m := map[rune]string{}
	for _, pair := range strings.Fields(table) {
		from, to := split(pair)
		m[[]rune(from)[0]] = to
	}
	return m
}

func replacements(table string) []string {
	var out []string
	for _, pair := range strings.Fields(table) {
		from, to := split(pair)
		out = append(out, from, to)
	}
	return out
}

// HasKana tells whether s has hiragana or katakana.
func HasKana(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 'ぁ' && r <= 'ヶ' })
}

// Romaji spells the kana and the commonest kanji words of a folded text in
// Latin letters. Long vowel marks fall away; the rest stays as it is.
func Romaji(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x3000 }) {
		return s
	}
	var b []byte
	double := false
	for _, r := range kanjiWords.Replace(s) {
		syllable, ok := syllableOf[r]
		vowel, isSmall := smallOf[r]
		switch {
		case r == 'っ':
			double = true
			continue
		case r == 'ー':
			continue
		case isSmall:
			b = appendSmall(b, vowel)
		case ok && double:
			b = append(append(b, syllable[0]), syllable...)
		case ok:
			b = append(b, syllable...)
		default:
			b = append(b, string(r)...)
		}
		double = false
	}
	return string(b)
}

// appendSmall adds a small kana: ki + ya is kya, shi + ya is sha, fu + a is fa.
func appendSmall(b []byte, vowel string) []byte {
	if n := len(b); n >= 2 && strings.IndexByte("iueo", b[n-1]) >= 0 {
		b = b[:n-1]
		for _, soft := range []string{"sh", "ch", "j"} {
			if bytes.HasSuffix(b, []byte(soft)) {
				return append(b, strings.TrimPrefix(vowel, "y")...)
			}
		}
	}
	return append(b, vowel...)
}

// ShortVowels writes the long vowels of a romaji text as people write names and
// places: tarou as taro, toukyou as tokyo.
func ShortVowels(s string) string {
	return strings.NewReplacer("ou", "o", "oo", "o", "uu", "u").Replace(s)
}

// Keys writes kana as the JIS keys that give them.
func Keys(s string) string {
	var b strings.Builder
	for _, r := range s {
		if key, ok := keyOf[r]; ok {
			b.WriteString(key)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
