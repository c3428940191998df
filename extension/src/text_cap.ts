// Bounds the text of one run: the beginning goes through as it comes, of the rest only the end is kept. The editor takes
// seconds to show a hundred thousand lines.

export interface Bounds {
  /** Characters and lines that go through as they come. */
  headCharacters: number;
  headLines: number;
  /** Characters and lines of the end that are kept. */
  tailCharacters: number;
  tailLines: number;
}

export const BOUNDS: Bounds = { headCharacters: 1 << 20, headLines: 20_000, tailCharacters: 64 << 10, tailLines: 1_000 };

export interface Rest {
  leftOutCharacters: number;
  tail: string;
}

export class TextCap {
  private readonly bounds: Bounds;
  private characters = 0;
  private lines = 0;
  private tail = '';
  private left = 0;
  private full = false;

  constructor(bounds: Bounds = BOUNDS) {
    this.bounds = bounds;
  }

  /** Has the beginning reached its bound, so that the rest is kept back until the end? */
  get isFull(): boolean {
    return this.full;
  }

  /** What of this text is to be shown now. */
  add(text: string): string {
    if (this.full) {
      this.keep(text);
      return '';
    }
    let end = 0;
    while (end < text.length && !this.full) {
      const newline = text.indexOf('\n', end);
      const next = newline < 0 ? text.length : newline + 1;
      const room = this.bounds.headCharacters - this.characters;
      const taken = Math.min(next - end, room);
      end += taken;
      this.characters += taken;
      if (newline >= 0 && end === next) this.lines++;
      this.full = this.characters >= this.bounds.headCharacters || this.lines >= this.bounds.headLines;
    }
    this.keep(text.slice(end));
    return text.slice(0, end);
  }

  /** The end of what was kept back, and how much before it was left out. */
  finish(): Rest {
    this.trim(this.bounds.tailCharacters);
    let start = this.tail.length;
    for (let lines = 0; start > 0; start--) {
      if (this.tail[start - 1] === '\n' && start !== this.tail.length && ++lines >= this.bounds.tailLines) break;
    }
    this.left += start;
    const rest = { leftOutCharacters: this.left, tail: this.tail.slice(start) };
    this.tail = '';
    return rest;
  }

  private keep(text: string): void {
    this.tail += text;
    // Trimmed only at twice its size, so that each character is moved once or twice, not with each chunk.
    if (this.tail.length > 2 * this.bounds.tailCharacters) this.trim(this.bounds.tailCharacters);
  }

  private trim(length: number): void {
    const surplus = this.tail.length - length;
    if (surplus <= 0) return;
    this.left += surplus;
    this.tail = this.tail.slice(surplus);
  }
}
