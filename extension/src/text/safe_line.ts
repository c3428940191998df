// Makes outside text safe for the editor's own parts: notifications, progress, tooltips, lenses, lists. Outside text is
// a file name, a line of a Dockerfile, the output of an installer, or a message of the engine.

const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g;
// Marks that change the direction of the text around them.
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const DEFAULT_MAX_CHARACTERS = 600;

/**
 * Returns one line in which nothing is a link, an icon or markup. In notifications, the editor turns
 * `[text](command:id)` into a link that runs the command. In labels, it turns `$(name)` into an icon.
 */
export function toSafeLine(text: string, maxCharacters = DEFAULT_MAX_CHARACTERS): string {
  const line = text
    .replace(CONTROLS, ' ')
    .replace(DIRECTIONS, '')
    .trim()
    .replace(/\](?=\()/g, '] ')
    .replace(/\$(?=\()/g, '$\u200b');
  const characters = [...line];
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}
