// Removes escape sequences from a program's text, because an output channel does not render them. This works across
// chunks too. A single carriage return becomes a line end, other control characters become visible.

type State = 'text' | 'return' | 'escape' | 'csi' | 'string' | 'stringEscape';

// Anything longer is not a sequence: a program that prints ESC ] and never ends it must not hide its own output.
const MAX_SEQUENCE_LENGTH = 4096;

// The characters that the method `text` does not return unchanged.
const NOT_PLAIN = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

export class PlainText {
  private state: State = 'text';
  private length = 0;

  /** The plain text of the next chunk of one stream. */
  add(chunk: string): string {
    let plain = '';
    let at = 0;
    while (at < chunk.length) {
      if (this.state === 'text') {
        // Takes whole pieces: a string that is put together from single characters needs 30 times the memory.
        NOT_PLAIN.lastIndex = at;
        const end = NOT_PLAIN.exec(chunk)?.index ?? chunk.length;
        plain += chunk.slice(at, end);
        at = end;
        if (at === chunk.length) break;
      }
      const character = String.fromCodePoint(chunk.codePointAt(at) ?? 0);
      plain += this.next(character);
      at += character.length;
    }
    return plain;
  }

  private next(character: string): string {
    if (this.state !== 'text' && this.state !== 'return' && ++this.length > MAX_SEQUENCE_LENGTH) this.state = 'text';
    switch (this.state) {
      case 'return':
        this.state = 'text';
        return character === '\n' ? '\n' : '\n' + this.text(character);
      case 'text':
        return this.text(character);
      case 'escape':
        if (character === '\x1b') return '';
        if (character === '[') this.state = 'csi';
        else if (']PX^_'.includes(character)) this.state = 'string';
        else if (character < ' ' || character > '/') this.state = 'text'; // not an intermediate one: the final one
        return character === '\n' ? '\n' : '';
      case 'csi':
        if (character === '\x1b') this.state = 'escape';
        else if (character >= '@' && character <= '~') this.state = 'text';
        else if (character === '\n') {
          this.state = 'text'; // the sequence is broken off
          return '\n';
        }
        return '';
      case 'string':
        if (character === '\x07' || character === '\x9c') this.state = 'text';
        else if (character === '\x1b') this.state = 'stringEscape';
        return '';
      case 'stringEscape':
        this.state = 'text';
        if (character === '\\') return '';
        this.state = 'escape';
        return this.next(character);
    }
  }

  private text(character: string): string {
    const code = character.charCodeAt(0);
    if (code >= 0x20 && code !== 0x7f && (code < 0x80 || code > 0x9f)) return character;
    switch (code) {
      case 0x09:
      case 0x0a:
        return character;
      case 0x0d:
        this.state = 'return';
        return '';
      case 0x1b:
        return this.begin('escape');
      case 0x9b:
        return this.begin('csi');
      case 0x90:
      case 0x98:
      case 0x9d:
      case 0x9e:
      case 0x9f:
        return this.begin('string');
      case 0x07:
        return '';
      case 0x7f:
        return '\u2421';
      default:
        return code < 0x20 ? String.fromCharCode(0x2400 + code) : '';
    }
  }

  private begin(state: State): string {
    this.state = state;
    this.length = 0;
    return '';
  }
}
