const NO_NODE = 0;

/**
 * Finds many words in a text in one pass, in time linear in the text for any words (Aho and Corasick, 1975): a trie of all words, in
 * which each node has a failure link to the longest other prefix that its own text ends in. Nodes are numbers and all edges are in one
 * hash table, so that hundreds of long secrets fit into a few MiB.
 */
export class Automaton {
  readonly #edges: EdgeTable;
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  /** Length of the longest word that ends at a node, 0 for none. */
  readonly #word: Int32Array;
  readonly #wordStarts: WordStarts;
  readonly empty: boolean;

  /** @param words none of them empty */
  constructor(words: readonly string[]) {
    const room = words.reduce((sum, word) => sum + word.length, 1);
    this.empty = words.length === 0;
    this.#wordStarts = new WordStarts(words);
    this.#edges = new EdgeTable(room);
    this.#fail = new Int32Array(room);
    this.#depth = new Int32Array(room);
    this.#word = new Int32Array(room);
    const tree = this.#build(words, room);
    this.#link(tree);
  }

  /** The number of last characters that may be the beginning of a word. */
  depth(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /**
   * Reads `text` from `from` on, in `state` (0 at the beginning), and reports the longest word that ends at each place. Returns the
   * state to continue with.
   */
  scan(text: string, from: number, state: number, found: (end: number, length: number) => void): number {
    let node = state;
    for (let at = from; at < text.length; at++) {
      if (node === NO_NODE && !this.#wordStarts.mayBegin(text, at)) continue;
      node = this.#step(node, text.charCodeAt(at));
      const length = this.#word[node] ?? 0;
      if (length > 0) found(at + 1, length);
      if ((this.#depth[node] ?? 0) < GRAM) node = this.#stillPossible(node, text, at);
    }
    return node;
  }

  /** The same state or, if the next characters rule it out, the next shorter one that is possible: mostly the root. */
  #stillPossible(from: number, text: string, at: number): number {
    let node = from;
    while (node !== NO_NODE && !this.#wordStarts.mayBegin(text, at + 1 - this.depth(node)))
      node = this.#fail[node] ?? NO_NODE;
    return node;
  }

  #step(from: number, code: number): number {
    let node = from;
    for (;;) {
      const next = this.#edges.get(node, code);
      if (next !== NO_NODE || node === NO_NODE) return next;
      node = this.#fail[node] ?? NO_NODE;
    }
  }

  #build(words: readonly string[], room: number): Tree {
    const tree: Tree = { parent: new Int32Array(room), code: new Uint16Array(room), size: 1 };
    for (const word of words) {
      let node = 0;
      for (let at = 0; at < word.length; at++) node = this.#grow(tree, node, word.charCodeAt(at));
      this.#word[node] = word.length;
    }
    return tree;
  }

  #grow(tree: Tree, parent: number, code: number): number {
    const known = this.#edges.get(parent, code);
    if (known !== NO_NODE) return known;
    const node = tree.size++;
    this.#edges.set(parent, code, node);
    tree.parent[node] = parent;
    tree.code[node] = code;
    this.#depth[node] = (this.#depth[parent] ?? 0) + 1;
    return node;
  }

  /** Shallow nodes first, because a node's failure link is found from that of its parent. */
  #link(tree: Tree): void {
    for (const node of byDepth(this.#depth, tree.size)) {
      const parent = tree.parent[node] ?? 0;
      if (parent === 0) continue;
      const fail = this.#step(this.#fail[parent] ?? 0, tree.code[node] ?? 0);
      this.#fail[node] = fail;
      if (this.#word[node] === 0) this.#word[node] = this.#word[fail] ?? 0;
    }
  }
}

/** Number of characters by which ordinary text is excluded before the trie is used. */
const GRAM = 3;
/** Size of the table of beginnings: with up to 512 words, at most one of so many other texts is taken for one. */
const BITS_PER_WORD = 128;
const [LEAST_BITS, MOST_BITS] = [0x800, 0x10000];

/** A fast filter of places where a word may begin: false positives are rare, and there are no false negatives. Small, since each stage has one. */
class WordStarts {
  /** By the low byte of the first character: 0 no word, 1 words of three characters or more, 2 shorter ones too. */
  readonly #first = new Uint8Array(0x100);
  /** One bit for each value of {@link gram}. */
  readonly #grams: Uint8Array;
  /** The bits of a gram that are used. */
  readonly #mask: number;

  constructor(words: readonly string[]) {
    let bits = LEAST_BITS;
    while (bits < words.length * BITS_PER_WORD && bits < MOST_BITS) bits *= 2;
    this.#grams = new Uint8Array(bits / 8);
    this.#mask = bits - 1;
    for (const word of words) this.#add(word);
  }

  #add(word: string): void {
    const first = word.charCodeAt(0) & 0xff;
    this.#first[first] = Math.max(word.length < GRAM ? 2 : 1, this.#first[first] ?? 0);
    if (word.length < GRAM) return;
    const bit = gram(word, 0) & this.#mask;
    this.#grams[bit >>> 3] = (this.#grams[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  mayBegin(text: string, at: number): boolean {
    const first = this.#first[text.charCodeAt(at) & 0xff];
    return (
      first !== 0 && (first === 2 || at + GRAM > text.length || this.#hasGram(gram(text, at) & this.#mask))
    );
  }

  #hasGram(bit: number): boolean {
    return (((this.#grams[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
  }
}

function gram(text: string, from: number): number {
  const two = Math.imul(text.charCodeAt(from), 0x9e37) ^ Math.imul(text.charCodeAt(from + 1), 0x85eb);
  return (two ^ Math.imul(text.charCodeAt(from + 2), 0x2545)) & 0xffff;
}

interface Tree {
  readonly parent: Int32Array;
  readonly code: Uint16Array;
  size: number;
}

/** All nodes but the root, sorted by depth (a counting sort: there may be millions). */
function byDepth(depth: Int32Array, size: number): Int32Array {
  const nodes = depth.subarray(1, size);
  const places = new Int32Array(nodes.reduce((most, one) => Math.max(most, one), 0) + 2);
  for (const level of nodes) places[level + 1] = at(places, level + 1) + 1;
  for (let level = 1; level < places.length; level++)
    places[level] = at(places, level) + at(places, level - 1);
  const order = new Int32Array(size - 1);
  for (let node = 1; node < size; node++) {
    const level = at(depth, node);
    order[at(places, level)] = node;
    places[level] = at(places, level) + 1;
  }
  return order;
}

function at(numbers: Int32Array, index: number): number {
  return numbers[index] ?? 0;
}

/** Edges of the tree by (node, character), open addressing; child 0 means none, since no edge leads to the root. */
class EdgeTable {
  readonly #mask: number;
  readonly #node: Int32Array;
  readonly #code: Uint16Array;
  readonly #child: Int32Array;

  constructor(edges: number) {
    const size = 2 ** Math.ceil(Math.log2(edges * 2 + 2));
    this.#mask = size - 1;
    this.#node = new Int32Array(size);
    this.#code = new Uint16Array(size);
    this.#child = new Int32Array(size);
  }

  get(node: number, code: number): number {
    return this.#child[this.#slot(node, code)] ?? 0;
  }

  set(node: number, code: number, child: number): void {
    const slot = this.#slot(node, code);
    this.#node[slot] = node;
    this.#code[slot] = code;
    this.#child[slot] = child;
  }

  #slot(node: number, code: number): number {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (this.#child[slot] !== 0 && (this.#node[slot] !== node || this.#code[slot] !== code))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}
