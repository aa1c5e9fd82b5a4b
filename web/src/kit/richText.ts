/** The tags of rich text, as the server knows them: `kernel/records/src/value/markup.rs`. */
const TAGS: Record<string, string> = {
  p: 'p', div: 'p', h1: 'h2', h2: 'h2', h3: 'h3', h4: 'h4', blockquote: 'blockquote', ul: 'ul', ol: 'ol', li: 'li', table: 'table', thead: 'thead',
  tbody: 'tbody', tr: 'tr', th: 'th', td: 'td', hr: 'hr', br: 'br', strong: 'strong', b: 'strong', em: 'em', i: 'em', u: 'u', s: 's', del: 's',
  sub: 'sub', sup: 'sup', a: 'a',
};
const VOID = new Set(['br', 'hr']);
const INLINE = new Set(['strong', 'em', 'u', 's', 'sub', 'sup', 'a']);
/** Tags that hold no text of their own; white space between their parts means nothing. */
const FRAMES = new Set(['ul', 'ol', 'table', 'thead', 'tbody', 'tr']);
const WITHIN: Record<string, string[]> = { li: ['ul', 'ol'], thead: ['table'], tbody: ['table'], tr: ['table', 'thead', 'tbody'], th: ['tr'], td: ['tr'] };
const DROPPED = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'object', 'title', 'head']);
const DEPTH_MAX = 20;

export interface RichNode {
  tag: string;
  href?: string;
  colSpan?: number;
  rowSpan?: number;
  children: (RichNode | string)[];
}

/** What a text of markup holds of the tags we know; unknown tags leave their contents, dangerous ones nothing. */
export function readMarkup(markup: string): (RichNode | string)[] {
  return nodesOf(new DOMParser().parseFromString(markup, 'text/html').body, '', 0);
}

function nodesOf(parent: Node, around: string, depth: number): (RichNode | string)[] {
  return [...parent.childNodes].flatMap((node): (RichNode | string)[] => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = (node.textContent ?? '').replaceAll('\u200b', '');
      return text === '' || (FRAMES.has(around) && text.trim() === '') ? [] : [text];
    }
    if (!(node instanceof Element) || depth > DEPTH_MAX) return [];
    const name = node.tagName.toLowerCase();
    if (DROPPED.has(name)) return [];
    const tag = TAGS[name];
    const placed = tag && (WITHIN[tag]?.includes(around) ?? true) && !(tag === 'a' && node.parentElement?.closest('a'));
    if (!placed) return nodesOf(node, around, depth + 1);
    const href = tag === 'a' ? linkOf(node) : undefined;
    if (tag === 'a' && !href) return nodesOf(node, around, depth + 1);
    return [{ tag, href, colSpan: spanOf(node, 'colspan'), rowSpan: spanOf(node, 'rowspan'), children: nodesOf(node, tag, depth + 1) }];
  });
}

function linkOf(node: Element): string | undefined {
  const href = node.getAttribute('href')?.trim() ?? '';
  return isLink(href) ? href : undefined;
}

function spanOf(node: Element, name: string): number | undefined {
  const cells = Number(node.getAttribute(name));
  return Number.isInteger(cells) && cells > 1 && cells <= 50 ? cells : undefined;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Nodes as the markup that the server takes. */
export function writeMarkup(nodes: (RichNode | string)[]): string {
  return nodes
    .map((node) => {
      if (typeof node === 'string') return escaped(node);
      const attributes = [
        node.href && ` href="${escaped(node.href)}"`, node.colSpan && ` colspan="${node.colSpan}"`, node.rowSpan && ` rowspan="${node.rowSpan}"`,
      ].filter(Boolean).join('');
      return VOID.has(node.tag) ? `<${node.tag}>` : `<${node.tag}${attributes}>${writeMarkup(node.children)}</${node.tag}>`;
    })
    .join('');
}

/** The text of markup without its tags, for places of one line; blocks stand apart. */
export const plainOf = (markup: string) => textOf(readMarkup(markup)).replaceAll(/\s+/g, ' ').trim();

function textOf(nodes: (RichNode | string)[]): string {
  return nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      return INLINE.has(node.tag) ? textOf(node.children) : ` ${textOf(node.children)} `;
    })
    .join('');
}

/** Whether nodes show nothing. */
export const isEmpty = (nodes: (RichNode | string)[]) => textOf(nodes).trim() === '';

/** Whether an address may stand in a link. */
export const isLink = (address: string) => /^https?:\/\/\S+$/.test(address);
