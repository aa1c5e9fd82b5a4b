//! Starts the sandbox of agencies.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anju_agencies::Options;
use anju_calendar::{Clock, ManualClock, SystemClock};
use anyhow::Context;
use clap::Parser;

/// 外部机构沙箱：不动产登记、公有住房、征收安置、婚姻、社保、短信。
#[derive(Parser)]
#[command(name = "anju-agencies", version)]
struct Arguments {
    /// 监听地址。控制接口不设密码，除本机外请勿开放。
    #[arg(long, env = "ANJU_AGENCIES_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// 数据目录：回执、短信与控制设置保存于此；不指定则重启后清空。
    #[arg(long, env = "ANJU_AGENCIES_DATA")]
    data: Option<PathBuf>,
    /// 沙箱里的“一天”有多长（秒）：隔日反馈的结果在这之后可取。
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=864_000))]
    next_day_seconds: u64,
    /// 时间只由控制接口推进。
    #[arg(long)]
    manual_clock: bool,
    /// 人口数据的种子。
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    let arguments = Arguments::parse();
    let clock: Arc<dyn Clock> = if arguments.manual_clock {
        Arc::new(ManualClock::at(SystemClock.now()))
    } else {
        Arc::new(SystemClock)
    };
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    tracing::info!(address = %listener.local_addr()?, "agencies are open");
    let options = Options {
        data: arguments.data,
        day: Duration::from_secs(arguments.next_day_seconds),
        seed: arguments.seed,
        clock,
        ..Options::default()
    };
    tokio::select! {
        served = anju_agencies::serve(listener, options) => served.context("the sandbox stopped"),
        stop = tokio::signal::ctrl_c() => stop.context("cannot listen for signals"),
    }
}
