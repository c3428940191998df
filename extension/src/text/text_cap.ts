// Bounds the text of one run: the start is shown as it comes, and only the end of the rest is kept. The
// editor takes seconds to show 100,000 lines.

export interface Bounds {
  /** Characters and lines that are shown as they come. */
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

  /** Whether the start has reached its bound, so that the rest is kept back until the end. */
  get isFull(): boolean {
    return this.full;
  }

  /** The part of this text to show now. */
  add(text: string): string {
    if (this.full) {
      this.keep(text);
      return '';
    }
    let end = 0;
    while (end < text.length && !this.full) {
      const newline = text.indexOf('\n', end);
      const next = newline < 0 ? text.length : newline + 1;
      const space = this.bounds.headCharacters - this.characters;
      const taken = Math.min(next - end, space);
      end += taken;
      this.characters += taken;
      if (newline >= 0 && end === next) this.lines++;
      this.full = this.characters >= this.bounds.headCharacters || this.lines >= this.bounds.headLines;
    }
    this.keep(text.slice(end));
    return text.slice(0, end);
  }

  /** The end of the text that was kept back, and how many characters before it were left out. */
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
    // Trims only at twice the bound, so that each character is moved once or twice, not with each chunk.
    if (this.tail.length > 2 * this.bounds.tailCharacters) this.trim(this.bounds.tailCharacters);
  }

  private trim(length: number): void {
    const surplus = this.tail.length - length;
    if (surplus <= 0) return;
    this.left += surplus;
    this.tail = this.tail.slice(surplus);
  }
}
