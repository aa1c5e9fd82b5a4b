//! The platform's one binary.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anju::{check, city, serve, verify};
use anju_calendar::SystemClock;
use anju_runtime::Settings;
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "anju", version, about = "Anju 安居: the housing-security platform")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the platform: API, front end and background work.
    Serve(ServeArgs),
    /// Checks all definitions and prints every problem with file and line.
    Check,
    /// Prints the OpenAPI document.
    Openapi,
    /// Writes the JSON Schemas of the definition language into a folder.
    Schemas { folder: PathBuf },
    /// Looks for rows that were changed past the platform; fails when there are some.
    Verify(DatabaseArgs),
    /// Fills an empty database with the data of a whole city, ten years of it.
    CityData(CityArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// Address to listen on.
    #[arg(long, env = "ANJU_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder for the embedded database, keys and files.
    #[arg(long, env = "ANJU_DATA", default_value = "data")]
    data: PathBuf,
    /// `postgres://…`; the embedded SQLite when absent.
    #[arg(long, env = "ANJU_DATABASE_URL")]
    database: Option<String>,
    /// Where people reach the platform; goes into QR codes.
    #[arg(long, env = "ANJU_PUBLIC_URL")]
    public_url: Option<String>,
    /// Folder of the built front end.
    #[arg(long, env = "ANJU_WEB", default_value = "web/dist")]
    web: PathBuf,
    /// Base address of the outside systems (the sandbox, or a gateway to the real ones).
    #[arg(long, env = "ANJU_AGENCIES", default_value = "http://127.0.0.1:8090")]
    agencies: String,
    /// Fills an empty platform with demonstration data: about this many cases.
    #[arg(long, env = "ANJU_DEMO_CASES")]
    demo_cases: Option<u32>,
    /// Exports of more records need somebody else's approval.
    #[arg(long, env = "ANJU_EXPORT_APPROVAL_ROWS", default_value_t = 500)]
    export_approval_rows: u64,
    /// Hours for which an export may be fetched.
    #[arg(long, env = "ANJU_EXPORT_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    export_hours: u32,
    /// For tests: a file with seconds by which the clock runs ahead.
    #[arg(long, env = "ANJU_CLOCK_FILE", hide = true)]
    clock_file: Option<PathBuf>,
}

#[derive(Args)]
struct DatabaseArgs {
    /// Folder for the embedded database, keys and files.
    #[arg(long, env = "ANJU_DATA", default_value = "data")]
    data: PathBuf,
    /// `postgres://…`; the embedded SQLite when absent.
    #[arg(long, env = "ANJU_DATABASE_URL")]
    database: Option<String>,
}

#[derive(Args)]
struct CityArgs {
    /// Folder for the keys that seal the data (and the embedded database): `anju serve` needs it with the database.
    #[arg(long, env = "ANJU_DATA", default_value = "data/city")]
    data: PathBuf,
    /// `postgres://…`; the embedded SQLite when absent.
    #[arg(long, env = "ANJU_DATABASE_URL")]
    database: Option<String>,
    /// 1 is the city: 450,000 units, 1.5 million cases, 600,000 contracts.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// The same seed and scale make the same city.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Small values come and go with every record; this allocator takes half the time of the system's for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => run_server(args),
        Command::Check => check::check_definitions(),
        Command::Openapi => check::print_openapi(),
        Command::Schemas { folder } => check::write_schemas(&folder),
        Command::Verify(args) => verify_database(args),
        Command::CityData(args) => fill_city(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn verify_database(args: DatabaseArgs) -> anyhow::Result<()> {
    let mut settings = Settings::embedded(&args.data);
    if let Some(database) = args.database {
        settings.database_url = database;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(verify::verify(settings))
}

fn fill_city(args: CityArgs) -> anyhow::Result<()> {
    let mut settings = Settings::embedded(&args.data);
    if let Some(database) = args.database {
        settings.database_url = database;
    }
    let size = city::Size::scaled(args.scale);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(city::fill(&settings, Arc::new(SystemClock), size, args.seed)).map(drop)
}

fn run_server(args: ServeArgs) -> anyhow::Result<()> {
    let options = serve::Options {
        listen: args.listen,
        data: args.data,
        database: args.database,
        public_url: args.public_url,
        web: args.web,
        agencies: args.agencies,
        demo_cases: args.demo_cases,
        export_approval_rows: args.export_approval_rows,
        export_hours: args.export_hours,
        clock_file: args.clock_file,
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve::serve(options))
}
