import { LinkOutlined } from '@ant-design/icons';
import { Button, Input, type InputRef, Popover } from 'antd';
import { type Ref, useRef, useState } from 'react';

import { isLink } from '../richText';

interface Props {
  /** The address is about to be typed, so that the text loses the focus. */
  onOpen: () => void;
  onLink: (address: string) => void;
}

/** Makes a link: asks for its address. */
export function LinkTool({ onOpen, onLink }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<InputRef>(null);
  const link = (address: string) => {
    setOpen(false);
    onLink(address);
  };
  return (
    // `autoFocus` would come before the popover is in the page.
    <Popover
      open={open} trigger="click" destroyOnHidden content={<Address box={box} onGiven={link} />} onOpenChange={(next) => !next && setOpen(false)}
      afterOpenChange={(shown) => shown && box.current?.focus()}
    >
      <Button
        type="text" size="small" icon={<LinkOutlined aria-hidden />} title="链接" aria-label="链接" onMouseDown={(event) => event.preventDefault()}
        onClick={() => {
          onOpen();
          setOpen(true);
        }}
      />
    </Popover>
  );
}

function Address({ box, onGiven }: { box: Ref<InputRef>; onGiven: (address: string) => void }) {
  const [address, setAddress] = useState('');
  const [refused, setRefused] = useState(false);
  const add = () => {
    const given = address.trim();
    if (isLink(given)) onGiven(given);
    else setRefused(true);
  };
  return (
    <>
      <Input.Search
        ref={box} aria-label="链接地址" placeholder="https://" value={address} status={refused ? 'error' : undefined} enterButton="确定"
        onSearch={(_, event) => {
          // The focus goes back to the text, where the key would begin a new line.
          event?.preventDefault();
          add();
        }}
        onChange={(event) => {
          setAddress(event.target.value);
          setRefused(false);
        }}
      />
      {refused && <p className="field-error" role="alert">请输入 http:// 或 https:// 开头的地址</p>}
    </>
  );
}
