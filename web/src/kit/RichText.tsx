import './richtext.css';

import { createElement, type ReactNode, useMemo } from 'react';

import { readMarkup, type RichNode } from './richText';

/** Rich text, shown with elements made here: nothing of the markup itself reaches the page. */
export function RichText({ markup }: { markup: string }) {
  const nodes = useMemo(() => readMarkup(markup), [markup]);
  return <div className="rich-text">{nodes.map(elementOf)}</div>;
}

function elementOf(node: RichNode | string, key: number): ReactNode {
  if (typeof node === 'string') return node;
  const link = node.href ? { href: node.href, target: '_blank', rel: 'noopener noreferrer' } : {};
  const children = node.children.length ? node.children.map(elementOf) : undefined;
  return createElement(node.tag, { key, colSpan: node.colSpan, rowSpan: node.rowSpan, ...link }, children);
}
