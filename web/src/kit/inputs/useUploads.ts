import { useEffect, useRef, useState } from 'react';

import { uploadFile } from '../../api/client';
import { messageOf } from '../../api/problem';
import type { Field, FileMeta } from '../../api/types';
import { chosenOf } from './files';

export interface Uploads {
  /** How far the sending has come; `null` while nothing is sent. */
  progress: string | null;
  /** Files that were not taken, and why. */
  problems: string[];
  /** Sends files one after the other; those given while others are under way are not taken. */
  take: (files: File[]) => void;
}

/** Sends files of a field as far as there is room; `onStored` gets those that arrived, all at once. */
export function useUploads(field: Field, room: number, onStored: (files: FileMeta[]) => void): Uploads {
  const [progress, setProgress] = useState<string | null>(null);
  const [problems, setProblems] = useState<string[]>([]);
  // What stands beside the files may change while they are sent: the latest counts, not that of the beginning.
  const latest = useRef(onStored);
  useEffect(() => {
    latest.current = onStored;
  });

  const send = async (files: File[]) => {
    const { fit, refusals } = chosenOf(files, field, room);
    const stored: FileMeta[] = [];
    for (const [index, file] of fit.entries()) {
      setProgress(`上传中 ${index + 1}/${fit.length}`);
      try {
        stored.push({ ...(await uploadFile(file)), name: file.name });
      } catch (error) {
        refusals.push(`「${file.name}」${messageOf(error)}`);
      }
    }
    setProgress(null);
    setProblems(refusals);
    if (stored.length) latest.current(stored);
  };
  return { progress, problems, take: (files) => void (progress === null && send(files)) };
}
