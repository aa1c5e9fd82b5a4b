import type { DictionaryItem, Field, Json } from '../api/types';

export interface Address {
  region: string[];
  detail: string;
}

export interface GeoPoint {
  longitude: string;
  latitude: string;
}

const objectOf = (value: Json | undefined) => (value && typeof value === 'object' && !Array.isArray(value) ? value : null);
const textOf = (value: Json | undefined) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

export function addressOf(value: Json | undefined): Address | null {
  const found = objectOf(value);
  if (!found) return null;
  const region = Array.isArray(found.region) ? found.region.map(String) : found.region ? [String(found.region)] : [];
  return { region, detail: textOf(found.detail) };
}

/** An address in one line; codes that the dictionary does not have are left out. */
export function addressText(value: Json | undefined, items: DictionaryItem[] | undefined): string {
  const address = addressOf(value);
  if (!address) return textOf(value);
  const titles = new Map((items ?? []).map((item) => [item.code, item.title]));
  return address.region.map((code) => titles.get(code) ?? '').join('') + address.detail;
}

export function pointOf(value: Json | undefined): GeoPoint | null {
  const found = objectOf(value);
  return found && { longitude: textOf(found.longitude), latitude: textOf(found.latitude) };
}

export function pointText(value: Json | undefined): string {
  const point = pointOf(value);
  return point ? `${point.longitude}, ${point.latitude}` : textOf(value);
}

/** The system that degrees are measured in. */
export const datumOf = (field: Field) => (field.datum === 'gcj02' ? 'GCJ-02' : 'WGS-84');

/** A pasted pair of degrees, longitude first: `121.4737, 31.2304`. */
export function parsePoint(text: string): GeoPoint | null {
  const match = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，、;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
  return match && { longitude: match[1]!, latitude: match[2]! };
}
